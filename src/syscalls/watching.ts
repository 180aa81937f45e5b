import type { Origin } from './origin.ts'
import type { Syscalls } from './syscalls.ts'

const questions = new WeakMap<Syscalls, () => boolean>()

/** Attaches a function that says whether the calls of `sys` have a listener. Default: they have. */
export function watchedWhile(sys: Syscalls, ask: () => boolean): void {
  questions.set(sys, ask)
}

/**
 * Whether call sites of `sys` are needed at every call. Without a listener only a call that makes a
 * descriptor or a mapping needs one, and the kernel takes it itself.
 */
export function isWatched(sys: Syscalls): boolean {
  const ask = questions.get(sys)
  return ask === undefined || ask()
}

const counters = new WeakMap<Syscalls, () => number>()

/** Lets `latest` give the number of the newest event on `sys`. */
export function numberedBy(sys: Syscalls, latest: () => number): void {
  counters.set(sys, latest)
}

/**
 * The number of the newest event on `sys`, while it is watched: an array that is taken again after
 * other events is a new one. 0 if arrays have no lines.
 */
export function latestEvent(sys: Syscalls): number {
  return isWatched(sys) ? (counters.get(sys)?.() ?? 0) : 0
}

/** A method of the classes that may sleep, as the program calls it. */
export interface Operation {
  /** `DmaBuf.withCpuAccess`. */
  readonly name: string
  /** Who uses the buffers because of it: the CPU, or a device that it hands them to or takes them from. */
  readonly by: 'cpu' | 'device'
  readonly access: 'read' | 'write' | 'read-write'
  /** It only ends a CPU access. */
  readonly ends?: boolean | undefined
  /** The buffers' descriptors, as far as they are known. */
  readonly fds: readonly number[]
}

/** Takes the progress of one operation. */
export interface OperationProgress {
  /** The event in which it began. */
  readonly event: number
  /** The program awaits its promise. */
  awaited(): void
  /** Its promise is settled. */
  ended(): void
  /** The method `name`, called at `origin`, fails because this operation has not completed. */
  needed(name: string, origin: Origin | undefined): void
}

/** Called when an operation begins. `within` is the event of the operation whose callback begins it. */
export type OperationListener = (
  operation: Operation,
  origin: Origin,
  within: number | undefined,
) => OperationProgress

const listeners = new WeakMap<Syscalls, OperationListener>()

/** Lets `listener` know the operations of the classes on `sys`, while it is watched. */
export function listenToOperations(sys: Syscalls, listener: OperationListener): void {
  listeners.set(sys, listener)
}

/** The listener for the operations on `sys`; undefined if there is none. */
export function operationListener(sys: Syscalls): OperationListener | undefined {
  return isWatched(sys) ? listeners.get(sys) : undefined
}

const frameListeners = new WeakMap<Syscalls, (count: number) => void>()

/** Calls `listener` with the number of frames that a program is about to capture on `sys`. */
export function listenToFrameCounts(sys: Syscalls, listener: (count: number) => void): void {
  frameListeners.set(sys, listener)
}

/** The program is about to capture `count` frames on `sys`: progress can name the end. */
export function announceFrames(sys: Syscalls, count: number): void {
  frameListeners.get(sys)?.(count)
}
