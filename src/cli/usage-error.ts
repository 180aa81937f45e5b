/** An error that the user can correct: wrong options, files that cannot be read. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
  /** The advice, if there is any beyond the message. */
  readonly advice: string | undefined

  constructor(message: string, advice?: string) {
    super(message)
    this.advice = advice
  }
}
