/** Reading the clip that the camera plays. */
import { constants, type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { parseY4m } from '../media/y4m.ts'
import { Y4mError } from '../media/y4m-error.ts'
import { messageOf } from '../run/thrown.ts'
import { ClipFrames } from './clip-frames.ts'
import { UsageError } from './usage-error.ts'

const LIMIT = 2 ** 31
const CHUNK = 2 ** 20
/** Milliseconds between two looks at a pipe that is empty. */
const LOOK = 20

export interface ClipOptions {
  /** Seconds without a byte after which a pipe has nothing to give. */
  readonly patience: number
  readonly signal: AbortSignal
  /** The most bytes that a clip may have, unpacked: all of it is in memory. 2 GiB unless given. */
  readonly limit?: number
}

/**
 * May sleep. The bytes of a Y4M file or pipe, unpacked when it is gzip's, in memory that all workers
 * share. Throws a UsageError unless they are a clip, and the reason of `signal` when that aborts.
 */
export async function readClip(file: string, options: ClipOptions): Promise<Uint8Array> {
  const handle = await opened(file)
  try {
    const bytes = await collected(file, chunksOf(file, handle, options), options.limit ?? LIMIT)
    parseY4m(bytes)
    return bytes
  } catch (error) {
    if (error instanceof Y4mError) throw new UsageError(`${file}: ${error.message}`)
    throw error
  } finally {
    await handle.close()
  }
}

/** Without waiting: to open a pipe without a writer would block a thread that nothing can end. */
async function opened(file: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw cannotRead(file, messageOf(error))
  }
}

type Chunks = AsyncIterable<Uint8Array>

async function* chunksOf(
  file: string,
  handle: FileHandle,
  { patience, signal }: ClipOptions,
): AsyncGenerator<Uint8Array> {
  const isPipe = (await handle.stat()).isFIFO()
  let hasBegun = false
  let since = performance.now()
  for (;;) {
    signal.throwIfAborted()
    const chunk = await read(file, handle)
    if (chunk !== undefined && chunk.length > 0) {
      yield chunk
      hasBegun = true
      since = performance.now()
    } else if (chunk !== undefined && (hasBegun || !isPipe)) {
      return
    } else if (performance.now() - since > patience * 1000) {
      throw cannotRead(file, `nothing came out of the pipe for ${patience} s`)
    } else {
      await sleep(LOOK)
    }
  }
}

/** The bytes that are there now: an empty chunk at the end, undefined if more will come later. */
async function read(file: string, handle: FileHandle): Promise<Uint8Array | undefined> {
  const chunk = new Uint8Array(CHUNK)
  try {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK, null)
    return chunk.subarray(0, bytesRead)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw cannotRead(file, messageOf(error))
  }
}

/** All of `chunks` in one shared array, unpacked where the first of them begins as gzip's do. */
async function collected(
  file: string,
  chunks: AsyncGenerator<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const { value: first = new Uint8Array() } = await chunks.next()
  const whole = joined(first, chunks)
  if (first[0] !== 0x1f || first[1] !== 0x8b) return await gathered(file, whole, limit)
  try {
    const gunzip = createGunzip({ chunkSize: CHUNK })
    return await pipeline(whole, gunzip, async (unpacked) => await gathered(file, unpacked, limit))
  } catch (error) {
    if (!isZlibError(error)) throw error
    throw new UsageError(
      `${file} cannot be unpacked: ${messageOf(error)}`,
      'The gzip file is damaged or cut short: copy it again.',
    )
  }
}

function isZlibError(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException).code).startsWith('Z_')
}

async function* joined(first: Uint8Array, rest: Chunks): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

/** Reading stops at the first byte that shows it is not a clip. */
async function gathered(file: string, chunks: Chunks, limit: number): Promise<Uint8Array> {
  const frames = new ClipFrames()
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    length += chunk.length
    if (length > limit) throw tooLong(file, limit)
    if (!frames.take(chunk)) parseY4m(joinedParts(parts, length))
  }
  return joinedParts(parts, length)
}

function joinedParts(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(new SharedArrayBuffer(length))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function tooLong(file: string, limit: number): UsageError {
  return new UsageError(
    `${file} is too long: unpacked, it has more than ${limit} bytes`,
    'Cut it: ffmpeg -i IN -frames:v 100 OUT.y4m',
  )
}

function cannotRead(file: string, why: string): UsageError {
  return new UsageError(`cannot read the clip ${file}: ${why}`)
}
