/** Writing to stdout and stderr, which may be pipes without a reader and disks that are full. */

/** The stream cannot take more, as on a full disk. */
export class OutputError extends Error {
  constructor(stream: string, cause: NodeJS.ErrnoException) {
    super(`cannot write to ${stream}: ${cause.message}`)
  }
}

/**
 * May sleep, until `text` is on its way. Throws an OutputError, but not where the reader of a pipe has
 * had enough, as `head` has.
 */
export async function print(text: string): Promise<void> {
  await written(process.stdout, 'stdout', text)
}

/** May sleep. Prints for people alone, so a write error is ignored. */
export async function printAside(text: string): Promise<void> {
  try {
    await written(process.stderr, 'stderr', text)
  } catch (error) {
    if (!(error instanceof OutputError)) throw error
  }
}

/** Each write gets the errors of its stream. Without listeners they would end the process too. */
export function expectOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

async function written(stream: NodeJS.WriteStream, name: string, text: string): Promise<void> {
  if (text === '') return
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE')
        reject(new OutputError(name, error))
      else resolve()
    })
  })
}
