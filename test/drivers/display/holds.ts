import * as fc from 'fast-check'

/** Fails the test with the smallest counterexample unless `property`, which waits, holds. */
export const holds: <Ts>(
  property: fc.IAsyncProperty<Ts>,
  parameters?: fc.Parameters<Ts>,
) => Promise<void> = fc.assert
