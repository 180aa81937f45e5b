import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds between two signs of life. */
const PAUSE = 1000
let last = 0

/** A sign of life for the lab, from long work that prints nothing; elsewhere it does nothing. */
export function beat(): void {
  const folder = process.env.LAB_OUT
  if (folder === undefined || Date.now() - last < PAUSE) return
  last = Date.now()
  writeFileSync(join(folder, 'beat'), `${last}\n`)
}
