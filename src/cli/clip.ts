/** Reading the clip that the camera plays. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parseY4m } from '../drivers/video/y4m.ts'
import { Y4mError } from '../drivers/video/y4m-error.ts'
import { UsageError } from './usage-error.ts'

/**
 * The bytes of a Y4M file, unpacked when it is gzip's, in memory that all workers share. Throws a
 * UsageError unless they are a clip.
 */
export function readClip(file: string): Uint8Array {
  const bytes = unpack(file, readInput(file))
  try {
    parseY4m(bytes)
  } catch (error) {
    if (error instanceof Y4mError) throw new UsageError(`${file}: ${error.message}`)
    throw error
  }
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}

function readInput(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageError(`cannot read the clip ${file}: ${reasonOf(error)}`)
  }
}

function unpack(file: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw new UsageError(
      `${file} cannot be unpacked: ${reasonOf(error)}`,
      'The gzip file is damaged or cut short: copy it again.',
    )
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
