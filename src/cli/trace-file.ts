/** Records of runs as files, packed if the name ends in `.gz`. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip, gzipSync } from 'node:zlib'
import { makeFolder } from './folder.ts'

/** Characters that are written at once. */
const CHUNK = 2 ** 18

/** `run.ndjson` for the run `pc-lazy` is `run.pc-lazy.ndjson`. */
export function traceName(file: string, run: string): string {
  const name = basename(file)
  const [, stem = name, ending = ''] = /^(.+?)((?:\.[a-z]+)?(?:\.gz)?)$/i.exec(name) ?? []
  return join(dirname(file), `${stem}.${run}${ending}`)
}

/**
 * Writes lines in order. A run that breaks off leaves the lines until then, without the last chunk. An error of
 * the file system ends the record and not the run: `close` throws it.
 */
export class TraceFile {
  readonly #file: number
  readonly #isPacked: boolean
  #lines: string[] = []
  #length = 0
  #failure: Error | undefined

  /** Makes the file, or empties it. Throws the error of the file system. */
  constructor(path: string) {
    makeFolder(dirname(path))
    this.#file = openSync(path, 'w')
    this.#isPacked = isPacked(path)
  }

  readonly write = (line: string): void => {
    if (this.#failure !== undefined) return
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= CHUNK) this.#flush()
  }

  /** Throws the first error of the file system. The file is closed in any case. */
  close(): void {
    this.#flush()
    closeSync(this.#file)
    if (this.#failure !== undefined) throw this.#failure
  }

  #flush(): void {
    const text = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#length = 0
    try {
      this.#append(text)
    } catch (error) {
      this.#failure ??= error as Error
    }
  }

  /** A packed file is a sequence of members, one for each chunk. */
  #append(text: Buffer): void {
    const bytes = this.#isPacked ? gzipSync(text) : text
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
  }
}

/** The lines of a file, or of stdin for `-`. Iteration throws the errors of the file system and of zlib. */
export async function* traceLines(path: string): AsyncGenerator<string> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path)
  const input = isPacked(path) ? unpacked(source) : source
  let rest = ''
  for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** An error of the source destroys the result, whose iteration then throws it. */
function unpacked(source: Readable): Readable {
  return pipeline(source, createGunzip(), () => {})
}

function isPacked(path: string): boolean {
  return path.endsWith('.gz')
}
