/** `--watch`: a change of any file of the program runs it again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { dmabuf, ensureBuilt, entry, folderWith, once } from './command.ts'
import { program } from './programs.ts'

const says = (word: string): string => program(`console.log('said ${word}')`)
const imports = (name: string): string =>
  `import { word } from './${name}'\n${program("console.log('said', word)")}`

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A command that watches. */
class Watching {
  readonly #child: ChildProcess
  #text = ''
  #seen = 0

  constructor(folder: string, ...words: string[]) {
    ensureBuilt()
    this.#child = spawn(process.execPath, [entry, ...words, '--watch', ...once], {
      cwd: folder,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(this.#child)
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        this.#text += part
      })
    }
  }

  /** Everything that was printed since the last time, when it waits for a change again. */
  async ran(): Promise<string> {
    const line =
      /^ran at \d\d:\d\d:\d\d in [\d.]+ s; waiting for a change of (\d+) files? \(Ctrl-C ends\)\n/m
    for (;;) {
      const rest = this.#text.slice(this.#seen)
      const match = line.exec(rest)
      if (match !== null) {
        this.#seen += match.index + match[0].length
        // Output on the other stream may come a little later.
        await new Promise((resolve) => setTimeout(resolve, 50))
        const said = this.#text.slice(this.#seen - match.index - match[0].length)
        this.#seen = this.#text.length
        return said
      }
      if (this.#child.exitCode !== null) throw new Error(`it ended:\n${this.#text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async end(): Promise<number | null> {
    this.#child.kill('SIGINT')
    await event(this.#child, 'close')
    return this.#child.exitCode
  }
}

describe('dmabuf run --watch', () => {
  it('runs again when the program is written, without clearing a pipe, and ends at Ctrl-C', async () => {
    const folder = folderWith({ 'main.ts': says('one') })
    const watching = new Watching(folder, 'main.ts')
    const first = await watching.ran()
    expect(first).toContain('said one')
    expect(first).toContain('waiting for a change of 1 file (')
    writeFileSync(join(folder, 'main.ts'), says('two'))
    const second = await watching.ran()
    expect(second).toContain('said two')
    expect(first + second).not.toContain('\u001b')
    expect(await watching.end()).toBe(130)
  })

  it.each([
    ['an import', 'main.ts', imports('part/word.ts'), "export const word = 'X'\n"],
    [
      'JSON',
      'main.ts',
      imports('part/word.ts'),
      "import json from './word.json' with { type: 'json' }\nexport const { word } = json\n",
    ],
    [
      'a file that is required',
      'main.cjs',
      "const { word } = require('./part/word.cts')\nmodule.exports = async () => console.log('said', word)\n",
      "exports.word = 'X' as string\n",
    ],
  ])('runs again when %s is replaced, as editors do', async (_, name, main, part) => {
    const changed = part.includes('json')
      ? 'part/word.json'
      : `part/word.${name === 'main.cjs' ? 'cts' : 'ts'}`
    const text = (word: string): string =>
      part.includes('json') ? `{ "word": "${word}" }` : part.replace('X', word)
    const base = part.includes('json') ? { 'part/word.ts': part } : {}
    const folder = folderWith({
      [name]: main,
      ...base,
      [changed]: text('one'),
      'part/other.ts': '',
    })
    const watching = new Watching(folder, name)
    expect(await watching.ran()).toContain('said one')
    writeFileSync(join(folder, 'part/other.ts'), '// no part of the program')
    writeFileSync(join(folder, 'part/new'), text('two'))
    renameSync(join(folder, 'part/new'), join(folder, changed))
    expect(await watching.ran()).toContain('said two')
  })

  it('waits for a mistake to be mended, and for a file to be written', async () => {
    const folder = folderWith({ 'main.ts': 'export default = 1\n' })
    const watching = new Watching(folder, 'main.ts')
    expect(await watching.ran()).toContain('does not compile')
    writeFileSync(join(folder, 'main.ts'), imports('word.ts'))
    expect(await watching.ran()).toContain("cannot find module 'word.ts'")
    writeFileSync(join(folder, 'word.ts'), "export const word = 'three'\n")
    expect(await watching.ran()).toContain('said three')
  })

  it('waits for a mistake in a file that is required', async () => {
    const folder = folderWith({
      'main.cjs':
        "const { word } = require('./part/word.cts')\nmodule.exports = () => console.log('said', word)\n",
      'part/word.cts': 'exports.word = = 1\n',
    })
    const watching = new Watching(folder, 'main.cjs')
    expect(await watching.ran()).toContain('does not compile')
    writeFileSync(join(folder, 'part/word.cts'), "exports.word = 'two' as string\n")
    expect(await watching.ran()).toContain('said two')
  })

  it.each([
    [['gone.ts'], 'there is no file gone.ts'],
    [['main.ts', '--json'], 'add --output FILE'],
  ])('%j ends at once', async (words, text) => {
    const folder = folderWith({ 'main.ts': says('one') })
    const { code, stdout, stderr } = await dmabuf(folder, [...words, '--watch'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(text)
  })
})
