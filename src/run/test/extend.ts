import { type DmabufMatchers, matchers } from './matchers.ts'

/** An `expect` that takes matchers: that of vitest, Jest or Bun. */
interface Extensible {
  extend(added: object): void
}

/** Where vitest keeps its `expect` when the tests import it and it is not a global. */
const VITEST = Symbol.for('expect-global')

/**
 * Adds the matchers to `expect`. Without an argument, to that of the running test runner; returns whether
 * there is one. Importing `dmabuf/test` does so in vitest and Jest. Bun shows its `expect` to test files
 * only: pass it.
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
