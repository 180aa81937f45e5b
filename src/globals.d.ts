/**
 * The globals of every JavaScript host: browsers, Node, Deno and Bun.
 *
 * The neutral folders compile against this file and nothing else, so a use of a Node or DOM global
 * is a compile error. Only the members that are the same everywhere are declared; names match the
 * hosts' own, so emitted declarations resolve to the user's real types.
 */

/** Missing in browsers: ask with `typeof setImmediate === 'function'` before use. */
declare var setImmediate: ((callback: () => void) => unknown) | undefined

/** A number in browsers, an object in Node: pass it back, do not look inside. */
type TimerHandle = number | object
declare function setTimeout(callback: () => void, ms?: number): TimerHandle
declare function clearTimeout(handle: TimerHandle | undefined): void
declare function queueMicrotask(callback: () => void): void

interface MessageEvent<T = unknown> {
  readonly data: T
}
interface MessagePort {
  onmessage: ((event: MessageEvent) => void) | null
  postMessage(message: unknown, transfer?: readonly (ArrayBuffer | MessagePort)[]): void
  start(): void
  close(): void
}
interface MessageChannel {
  readonly port1: MessagePort
  readonly port2: MessagePort
}
declare var MessageChannel: { new (): MessageChannel; readonly prototype: MessageChannel }

declare function structuredClone<T>(
  value: T,
  options?: { transfer?: readonly (ArrayBuffer | MessagePort)[] },
): T

interface TextEncoder {
  readonly encoding: string
  encode(input?: string): Uint8Array<ArrayBuffer>
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number }
}
declare var TextEncoder: { new (): TextEncoder; readonly prototype: TextEncoder }

interface TextDecoder {
  readonly encoding: string
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string
}
declare var TextDecoder: {
  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder
  readonly prototype: TextDecoder
}

interface URL {
  readonly href: string
  readonly protocol: string
  readonly host: string
  readonly pathname: string
  readonly search: string
  readonly hash: string
  toString(): string
}
declare var URL: { new (url: string, base?: string | URL): URL; readonly prototype: URL }

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
declare var AbortSignal: {
  readonly prototype: AbortSignal
  abort(reason?: unknown): AbortSignal
  timeout(ms: number): AbortSignal
}
interface AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}
declare var AbortController: { new (): AbortController; readonly prototype: AbortController }

interface Performance {
  now(): number
}
declare var performance: Performance

interface Console {
  log(...data: unknown[]): void
  info(...data: unknown[]): void
  warn(...data: unknown[]): void
  error(...data: unknown[]): void
  debug(...data: unknown[]): void
}
declare var console: Console

/** V8's call-site capture, missing in other engines: optional, so that callers must ask. */
interface ErrorConstructor {
  captureStackTrace?(target: object, below?: (...args: never[]) => unknown): void
  stackTraceLimit?: number
}
