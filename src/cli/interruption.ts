/** Ctrl-C and SIGTERM. */
import { exitCode } from './exit-code.ts'

/** Why a command ends early. */
export class Interrupted extends Error {
  readonly code: number

  constructor(signal: Signal) {
    super(`interrupted by ${signal}`)
    this.code = CODES[signal]
  }
}

type Signal = 'SIGINT' | 'SIGTERM'
/** 128 and the signal's number, as shells have it. */
const CODES: Readonly<Record<Signal, number>> = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
}

/** Milliseconds for a command to print its results and to end its threads. */
const GRACE = 3000

/**
 * Aborts with `Interrupted` at the first signal, so that the command can print its results. At the
 * second, or if that takes too long, the process ends. Between two turns no file is half-written.
 */
export function interruption(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(CODES[signal])
      stop.abort(new Interrupted(signal))
      setTimeout(() => process.exit(CODES[signal]), GRACE).unref()
    })
  }
  return stop.signal
}
