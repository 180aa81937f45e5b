/** A program that ends its thread: the exit code alone does not say so, as Node ends threads itself too. */
import type { Send } from './setup.ts'

/** From here on `process.exit` says that it was called before it ends the thread. */
export function reportExits(send: Send): void {
  const { exit } = process
  process.exit = (code) => {
    send({ kind: 'exits', code: Number(code ?? process.exitCode ?? 0) })
    return exit.call(process, code)
  }
}
