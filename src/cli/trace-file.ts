/** Records of runs as files, packed if the name ends in `.gz`. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
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

/** Writes lines in order. A run that breaks off leaves the lines until then, without the last chunk. */
export class TraceFile {
  readonly #file: number
  readonly #isPacked: boolean
  #lines: string[] = []
  #length = 0

  /** Makes the file, or empties it. Throws the error of the file system. */
  constructor(path: string) {
    makeFolder(dirname(path))
    this.#file = openSync(path, 'w')
    this.#isPacked = isPacked(path)
  }

  readonly write = (line: string): void => {
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= CHUNK) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  /** A packed file is a sequence of members, one for each chunk. */
  #flush(): void {
    const text = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#length = 0
    const bytes = this.#isPacked ? gzipSync(text) : text
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
  }
}

/** The lines of a file, or of stdin for `-`. Iteration throws the errors of the file system and of zlib. */
export function traceLines(path: string): AsyncIterable<string> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path)
  const input = isPacked(path) ? source.pipe(createGunzip()) : source
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  return withErrors(lines, [source, input])
}

/** A broken stream ends its lines without an error. */
async function* withErrors(
  lines: AsyncIterable<string>,
  streams: readonly Readable[],
): AsyncGenerator<string> {
  let failure: Error | undefined
  for (const stream of streams) {
    stream.on('error', (error) => {
      failure ??= error
      stream.destroy()
    })
  }
  const broken = new Promise<never>((_, reject) => {
    for (const stream of streams) stream.once('error', reject)
  })
  broken.catch(() => {})
  const iterator = lines[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([iterator.next(), broken])
    if (failure !== undefined) throw failure
    if (next.done === true) return
    yield next.value
  }
}

function isPacked(path: string): boolean {
  return path.endsWith('.gz')
}
