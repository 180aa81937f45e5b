import * as fc from 'fast-check'

/** Fails the test with the smallest counterexample unless `property`, which must not wait, holds. */
export const holds: <Ts>(property: fc.IProperty<Ts>, parameters?: fc.Parameters<Ts>) => void =
  fc.assert
