import { type DmabufMatchers, matchers } from './matchers.ts'

/** An `expect` that takes matchers, as vitest, Jest and Bun have it. */
interface Extensible {
  extend(added: object): void
}

/** Where vitest keeps its `expect` when the tests import it and it is not a global. */
const VITEST = Symbol.for('expect-global')

/**
 * Adds the matchers to `expect`, or to that of the test runner that is running. Returns whether there was
 * one. Importing `dmabuf/test` does it already: call it for an `expect` that this does not find.
 */
export function extendExpect(expect: Extensible | undefined = runnersExpect()): boolean {
  if (expect === undefined) return false
  expect.extend(matchers)
  return true
}

function runnersExpect(): Extensible | undefined {
  const host = globalThis as { expect?: unknown; [VITEST]?: unknown }
  return [host.expect, host[VITEST]].find(isExtensible)
}

function isExtensible(value: unknown): value is Extensible {
  return typeof value === 'function' && 'extend' in value && typeof value.extend === 'function'
}

declare global {
  /** Vitest, `@types/jest` and others read the matchers of libraries from here. */
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: every declaration of an interface has the same parameters.
    interface Matchers<R, T = {}> extends DmabufMatchers<R> {}
  }
}
