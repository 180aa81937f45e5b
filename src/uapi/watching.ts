import type { Syscalls } from './syscalls.ts'

const questions = new WeakMap<Syscalls, () => boolean>()

/** Lets `ask` tell whether anybody listens to the calls of `sys`; without it somebody does. */
export function watchedWhile(sys: Syscalls, ask: () => boolean): void {
  questions.set(sys, ask)
}

/**
 * Whether call sites of `sys` are wanted at every call. Where nobody listens, only what makes a
 * descriptor or a mapping needs one, and the kernel takes it itself. Never sleeps.
 */
export function isWatched(sys: Syscalls): boolean {
  const ask = questions.get(sys)
  return ask === undefined || ask()
}
