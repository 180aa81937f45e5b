import type { Machine } from '../../machine/machine.ts'

const opened = new WeakMap<Machine, number>()

/** A number for the next open file of a DRM device, as events name it: no two on a machine are alike. */
export function nextFile(machine: Machine): number {
  const file = (opened.get(machine) ?? 0) + 1
  opened.set(machine, file)
  return file
}
