/**
 * The faults of a Y4M file.
 *
 * `not-y4m`: it does not start as one. `malformed-header`: the first line cannot be read. `bad-size`: zero,
 * odd, too small or too large. `bad-chroma`: not 4:2:0 of 8 bits. `no-frames`: it ends after its header.
 * `malformed-frame`: no FRAME line where one belongs. `truncated`: it ends inside a line or inside its
 * only frame. `partial-frame`: whole frames, then a piece of one.
 */
export type Y4mProblem =
  | 'not-y4m'
  | 'malformed-header'
  | 'bad-size'
  | 'bad-chroma'
  | 'no-frames'
  | 'malformed-frame'
  | 'truncated'
  | 'partial-frame'

/**
 * The only error that reading a Y4M file throws. The message names the fault, the byte of the
 * (uncompressed) file, and the way out; `problem` and `offset` are the same for a program.
 */
export class Y4mError extends Error {
  override readonly name: string = 'Y4mError'
  readonly problem: Y4mProblem
  /** In bytes from the file's start. */
  readonly offset: number

  constructor(problem: Y4mProblem, offset: number, what: string, advice: string) {
    super(`Y4M: ${what} (byte ${offset}). ${advice}`)
    this.problem = problem
    this.offset = offset
  }
}
