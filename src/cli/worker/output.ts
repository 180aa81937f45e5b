/**
 * The program's output: all of it is on its way to the command before a run is reported as over.
 */

/** Milliseconds for a stream that the program has ended or replaced. */
const LIMIT = 200

/** May sleep. */
export async function flushOutput(): Promise<void> {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
}

async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LIMIT)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    if (stream.writableEnded || stream.destroyed) done()
    else stream.write('', done)
  })
}
