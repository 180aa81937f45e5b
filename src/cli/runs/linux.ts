/** A run on the kernel of this machine, in contrast to those on simulated boards. */
import type { RunPlan } from './plan.ts'

/** How programs see memory there: see `MemoryMode` of dmabuf/linux. `auto`: as the runtime allows. */
export const memoryModes = ['direct', 'copy'] as const
export type LinuxMemory = (typeof memoryModes)[number]

export interface LinuxRequest {
  readonly memory: LinuxMemory | 'auto'
}

/** The kernel that a run was on. */
export interface LinuxFacts {
  /** As `uname -r` prints it. */
  readonly release: string
  readonly memory: LinuxMemory
}

/** The one run there: nothing of it can be chosen. */
export const linuxPlan: RunPlan = { board: 'linux', judgedAs: 'linux', policy: 'none', seed: 0 }

export function isLinux({ policy }: Pick<RunPlan, 'policy'>): boolean {
  return policy === 'none'
}
