/**
 * Every activity of the command ends: at a signal, at its time limit, and when its output has no
 * reader.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { readClip } from '../../src/cli/clip.ts'
import { USUAL_LIMIT, watchTime } from '../../src/cli/runs/time-limit.ts'
import { dmabuf, ensureBuilt, entry, folderWith, once, type Result } from './command.ts'
import { clean, program } from './programs.ts'

/** Writes a file named for the run, then does `body`; `count` says how many runs have begun. */
const begun = (body: string): string =>
  "import { appendFileSync, readFileSync } from 'node:fs'\n" +
  program(
    "const file = new URL('begun-' + import.meta.url.replace(/.*\\/|\\.ts.*/g, ''), import.meta.url)",
    "appendFileSync(file, 'x')",
    'const count = readFileSync(file).length',
    body,
  )

const folder = folderWith({
  'clean.ts': clean,
  'leak.ts': program('void DmaHeap.open(kernel)'),
  'third-spins.ts': begun('while (count === 3) kernel.now()'),
  'progresses.ts': begun('for (;;) await kernel.sleep(1e6)'),
  'fails-for-ever.ts': program(
    'kernel.sys.close(77)',
    'for (;;) { DmaHeap.open(kernel)[Symbol.dispose](); await kernel.sleep(1e6) }',
  ),
  'bomb.y4m.gz': bomb(),
})

/** A clip whose head is right, and which unpacks to far more than it is worth. */
function bomb(): Buffer {
  const head = gzipSync(Buffer.from('YUV4MPEG2 W64 H32 F30:1\nFRAME\n'))
  const zeros = gzipSync(Buffer.alloc(2 ** 26), { level: 9 })
  // Members of a gzip file follow each other.
  return Buffer.concat([head, ...Array.from({ length: 4 }, () => zeros)])
}

/** May sleep. Starts the command, sends it `signal` when `file` is there, and awaits its end. */
async function interrupted(
  signal: NodeJS.Signals,
  file: string,
  ...words: string[]
): Promise<Result> {
  ensureBuilt()
  const child = spawn(process.execPath, [entry, ...words], { cwd: folder })
  const end = ended(child)
  while (!existsSync(join(folder, file)) && child.exitCode === null) await sleep(20)
  child.kill(signal)
  return await end
}

/** May sleep. Starts the command, sends it SIGINT in the run `count` of `name`, and awaits its end. */
async function interruptedAtRun(
  count: number,
  name: string,
  words: readonly string[],
): Promise<Result> {
  ensureBuilt()
  const child = spawn(process.execPath, [entry, ...words], { cwd: folder })
  const end = ended(child)
  const runs = () => spawnSync('cat', [join(folder, `begun-${name}`)]).stdout.length
  while (runs() < count && child.exitCode === null) await sleep(20)
  child.kill('SIGINT')
  return await end
}

async function ended(child: ChildProcess): Promise<Result> {
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (part: Buffer) => {
      text[name] += part.toString()
    })
  }
  return await new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })))
}

/** The command in a shell, whose `$?` is printed on stderr. */
function inShell(command: string): Result {
  ensureBuilt()
  const script = `set -o pipefail; dmabuf() { "${process.execPath}" "${entry}" "$@"; }; ${command}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr }
}

describe.runIf(process.platform !== 'win32')('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a program that never yields, with %d', async (signal, expected) => {
    const mine = `${signal}-spins.ts`
    writeFileSync(join(folder, mine), begun('while (count > 0) kernel.now()'))
    const { code, stderr } = await interrupted(signal, `begun-${signal}-spins`, 'run', mine)
    expect(code).toBe(expected)
    expect(stderr).toContain(`interrupted by ${signal}`)
  })

  it('leaves the report of the runs that had ended', async () => {
    const words = ['run', 'third-spins.ts', '--board', 'pc', '--policy', 'lazy,eager,random']
    const { code, stdout } = await interruptedAtRun(3, 'third-spins', words)
    expect(code).toBe(130)
    expect(stdout).toMatch(/^pc +(lazy|eager|random 1) +clean /m)
    expect(stdout).toMatch(/^interrupted by SIGINT: no findings in the \d runs? that had ended$/m)
    expect(stdout).not.toContain('clean:')
  })

  it('leaves the rows of a comparison that had ended', async () => {
    for (const json of [false, true]) {
      const mine = `compared-${json}`
      writeFileSync(join(folder, `${mine}.ts`), begun('while (count === 3) kernel.now()'))
      const words = ['compare', `${mine}.ts`, '--board', 'pc', ...(json ? ['--json'] : [])]
      const { code, stdout, stderr } = await interruptedAtRun(3, mine, words)
      expect(code).toBe(130)
      expect(stderr).toMatch(/^interrupted by SIGINT: runs are missing$/m)
      if (json) {
        expect(JSON.parse(stdout)).toMatchObject({ error: 'interrupted by SIGINT' })
        expect(JSON.parse(stdout).rows).toHaveLength(2)
      } else expect(stdout.match(/^pc +kept +\w+ +clean/gm)).toHaveLength(2)
    }
  })

  it('leaves the orders of an exploration that had ended', async () => {
    const tasks =
      "const sleep = () => kernel.sleep(10); await Promise.all(['a', 'b'].map((name) => kernel.spawn(name, sleep)))"
    writeFileSync(join(folder, 'explored.ts'), begun(`while (count === 2) kernel.now(); ${tasks}`))
    const { code, stdout } = await interruptedAtRun(2, 'explored', ['explore', 'explored.ts'])
    expect(code).toBe(130)
    expect(stdout).toMatch(/^interrupted by SIGINT: no findings in 1 order$/m)
  })

  it('is the error of a report for other programs', async () => {
    const file = join(folder, 'interrupted-json.ts')
    writeFileSync(file, begun('while (count === 2) kernel.now()'))
    const words = ['run', 'interrupted-json.ts', '--board', 'pc', '--json']
    const { code, stdout, stderr } = await interruptedAtRun(2, 'interrupted-json', words)
    expect(code).toBe(130)
    const { verdict, runs, error } = JSON.parse(stdout)
    expect(verdict).toBe('failed')
    expect(error).toMatchObject({ kind: 'interrupted', message: 'interrupted by SIGINT' })
    expect(runs.length).toBeLessThan(3)
    expect(stderr).toMatch(/^interrupted by SIGINT/m)
  })

  it('ends the command while it waits for a clip', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe-a')])
    const words = ['run', 'clean.ts', '--input', 'pipe-a']
    const { code } = await interrupted('SIGTERM', 'pipe-a', ...words)
    // Before its first lines run, a process dies of the signal itself.
    expect([143, null]).toContain(code)
  })
})

describe('the time limit', () => {
  it('ends a program that goes on for ever, where it was asked for', async () => {
    const words = ['run', 'progresses.ts', '--timeout', '1', ...once]
    const { code, stdout } = await dmabuf(folder, words)
    expect(stdout).toMatch(/did not end within 1 s \(\d+ calls, \d+ frames shown\)/)
    expect(code).toBe(2)
  })

  it('leaves what was found until then, and the line that the program had come to', async () => {
    const words = ['run', 'fails-for-ever.ts', '--timeout', '1', '--json', ...once]
    const { code, stdout } = await dmabuf(folder, words)
    const [run] = JSON.parse(stdout).runs
    expect(run.findings).toMatchObject([{ rule: 'fd-misuse', line: 3 }])
    expect(run.error).toMatchObject({ kind: 'timeout', line: 4 })
    expect(run.error.message).toMatch(/its latest call is close$/)
    expect(code).toBe(2)
  })

  it('is about progress where none was asked for', () => {
    const ended: string[] = []
    vi.useFakeTimers()
    let calls = 0
    const progress = () => ({ calls, events: calls, frames: 0, expectedFrames: 0, time: 0 })
    const stop = watchTime(USUAL_LIMIT, progress, () => ended.push('over'))
    for (let minute = 0; minute < 10; minute++) {
      calls++
      vi.advanceTimersByTime(59_000)
    }
    expect(ended).toEqual([])
    vi.advanceTimersByTime(2_000)
    expect(ended).not.toEqual([])
    stop()
    vi.useRealTimers()
  })

  it.runIf(process.platform === 'linux')('ends the wait for a pipe', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe-b')])
    const words = ['run', 'clean.ts', '--input', 'pipe-b', '--timeout', '0.5']
    const { code, stderr } = await dmabuf(folder, words)
    expect(stderr).toContain('nothing came out of the pipe for 0.5 s')
    expect(code).toBe(2)
  })
})

describe('a clip', () => {
  it('that unpacks to something else after its head is unpacked no further', async () => {
    const { code, stderr } = await dmabuf(folder, ['run', 'clean.ts', '--input', 'bomb.y4m.gz'])
    expect(stderr).toMatch(/bomb.y4m.gz: Y4M: frame 1 starts with .* not with a FRAME line/)
    expect(code).toBe(2)
  })

  it('that has more bytes than the limit is too long', async () => {
    const { signal } = new AbortController()
    const file = join(folder, 'long.y4m.gz')
    const frame = Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc((64 * 32 * 3) / 2)])
    const clip = Buffer.concat([
      Buffer.from('YUV4MPEG2 W64 H32 F30:1\n'),
      ...Array.from({ length: 1000 }, () => frame),
    ])
    writeFileSync(file, gzipSync(clip))
    const options = { patience: 1, signal }
    await expect(readClip(file, { ...options, limit: 2 ** 21 })).rejects.toThrow(
      /is too long: unpacked, it has more than 2097152 bytes/,
    )
    expect((await readClip(file, options)).length).toBe(clip.length)
  })

  it.runIf(process.platform === 'linux')('may come out of a pipe', () => {
    const clip = "printf 'YUV4MPEG2 W64 H32 F30:1\\nFRAME\\n%3072s' ''"
    const { code } = inShell(
      `mkfifo pipe-c; (${clip}) > pipe-c & dmabuf run clean.ts --input pipe-c`,
    )
    expect(code).toBe(0)
  })

  it.runIf(process.platform === 'linux')(
    'without an end and a head is read no further',
    async () => {
      const { code, stderr } = await dmabuf(folder, ['run', 'clean.ts', '--input', '/dev/zero'])
      expect(stderr).toContain('not with YUV4MPEG2')
      expect(code).toBe(2)
    },
  )
})

describe.runIf(process.platform === 'linux')('output that cannot be written', () => {
  it.each([
    ['a clean program', 'dmabuf run clean.ts', 0],
    ['a program with findings', 'dmabuf run leak.ts', 1],
    ['a list', 'dmabuf explain', 0],
  ])('to a closed pipe: %s ends quietly with its status', (_what, command, expected) => {
    const { code, stderr } = inShell(`${command} | true; echo "status \${PIPESTATUS[0]}" >&2`)
    expect(stderr).toBe(`status ${expected}\n`)
    expect(code).not.toBeNull()
  })

  it.each(['', '--json'])('to a full disk: %s is no finding', (json) => {
    const { code, stderr } = inShell(`dmabuf run leak.ts ${json} > /dev/full`)
    expect(stderr).toContain('cannot write to stdout: ENOSPC')
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(2)
  })
})

describe('the folder of pictures', () => {
  const run = ['run', 'clean.ts', ...once]

  it.runIf(process.platform === 'linux')('that cannot be made ends the command', async () => {
    const { code, stderr } = await dmabuf(folder, [...run, '--out', '/proc/x/y'])
    expect(stderr).toContain('cannot write to /proc/x/y')
    expect(code).toBe(2)
  })

  it('is not left by a name of a board', async () => {
    const words = [...run, '--board', '../../x', '--out', 'out-a/in']
    const { code, stderr } = await dmabuf(folder, words)
    expect(stderr).toContain("--board '../../x' is unknown")
    expect(code).toBe(2)
    expect(readdirSync(folder)).not.toContain('out-a')
    expect(readdirSync(join(folder, '..'))).not.toContain('x-lazy')
  })

  it('has a name', async () => {
    const { code, stderr } = await dmabuf(folder, [...run, '--out', ''])
    expect(stderr).toContain('--out is empty')
    expect(code).toBe(2)
  })

  it('is not left by a link in it', async () => {
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(join(folder, 'elsewhere/frame-0001.png'), 'of another program')
    mkdirSync(join(folder, 'out-b'))
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'out-b/arm-soc-lazy'))
    const { code, stderr } = await dmabuf(folder, [...run, '--out', 'out-b'])
    expect(stderr).toContain('symbolic link')
    expect(code).toBe(2)
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['frame-0001.png'])
  })

  it('takes the pictures of several commands at a time', async () => {
    const words = [...run, '--out', 'out-c']
    const results = await Promise.all([1, 2, 3].map(() => dmabuf(folder, words)))
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      results.map(() => ({ code: 0, stderr: '' })),
    )
    const files = readdirSync(join(folder, 'out-c/arm-soc-lazy'))
    expect(files.sort()).toEqual(['frame-0001.png', 'frame-0002.png', 'frame-0003.png'])
  })
})
