/** For every rule a program that must be flagged, and a near twin that must not. */
import { areas } from './areas.ts'
import { backing } from './backing.ts'
import { brackets } from './brackets.ts'
import { caches } from './caches.ts'
import type { Case } from './case.ts'
import { devices } from './devices.ts'
import { drivers } from './drivers.ts'
import { faults } from './faults.ts'
import { handles } from './handles.ts'
import { mappings } from './mappings.ts'
import { memory } from './memory.ts'

export type { Case } from './case.ts'
export const cases: readonly Case[] = [
  ...brackets,
  ...caches,
  ...devices,
  ...handles,
  ...memory,
  ...mappings,
  ...areas,
  ...backing,
  ...drivers,
  ...faults,
]
