/** What a program prints, kept until its run is over, so that runs side by side do not mingle. */
import type { Readable } from 'node:stream'

/** Characters that are kept of one run. */
const LIMIT = 64 * 1024

export class ProgramOutput {
  #text = ''
  #left = 0

  listen(stream: Readable): void {
    stream.setEncoding('utf8').on('data', (part: string) => this.#add(part))
  }

  #add(part: string): void {
    const room = LIMIT - this.#text.length
    this.#text += part.slice(0, room)
    this.#left += Math.max(0, part.length - room)
  }

  get text(): string {
    if (this.#left === 0) return this.#text
    return `${this.#text}\n(${this.#left} more characters were left out)\n`
  }
}
