import type { Rule } from './rule.ts'

export const driverContract: Rule<'driver-contract'> = {
  id: 'driver-contract',
  group: 'E9',
  severity: 'error',
  claim: "A driver's operations meet the contract of the dma-buf core, and complete.",
  hardware:
    'The core does not check the value: an oops, a wait that never ends, or a buffer that describes unrelated memory.',
  fix: 'Return a live mapping of the whole buffer for that device, or fail with an errno; throw and return nothing else.',
  byCalls: 'none',
}
