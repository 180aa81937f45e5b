/** The output of a program, kept until its run is over, so that runs side by side do not mingle. */
import type { Readable } from 'node:stream'

/** Characters that are kept of one stream of one run: the last ones, which say how it ended. */
const LIMIT = 64 * 1024

/** The output of one run, by stream. */
export interface Printed {
  readonly stdout: string
  readonly stderr: string
}

/** The end of all that a stream brings. */
export class StreamTail {
  #text = ''
  #dropped = 0

  listen(stream: Readable): void {
    stream.setEncoding('utf8').on('data', (part: string) => this.add(part))
  }

  add(part: string): void {
    this.#text += part
    // Cut now and then: each cut copies the kept part.
    if (this.#text.length > 2 * LIMIT) this.#cut()
  }

  /** The output since the last call; a note at its head gives the number of missing bytes. */
  take(): string {
    this.#cut()
    const text = this.#dropped === 0 ? this.#text : `${leftOut(this.#dropped)}${this.#text}`
    this.#text = ''
    this.#dropped = 0
    return text
  }

  #cut(): void {
    const over = this.#text.length - LIMIT
    if (over <= 0) return
    this.#dropped += over
    this.#text = this.#text.slice(over)
  }
}

function leftOut(count: number): string {
  return `(the first ${count} characters are left out)\n`
}
