/** What the person at the keyboard can put right: wrong options, files that cannot be read. Exit 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
  /** What to do about it, where there is something to say beyond the message. */
  readonly advice: string | undefined

  constructor(message: string, advice?: string) {
    super(message)
    this.advice = advice
  }
}
