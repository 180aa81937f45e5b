/** A run on the kernel of this machine. This file is loaded for such runs only. */
import { release } from 'node:os'
import type { Note } from '../../check/finding.ts'
import type { LinuxKernel } from '../../linux/kernel.ts'
import { type RunOptions, type RunResult, runProgram } from '../../run/run-program.ts'
import { messageOf } from '../../run/thrown.ts'
import type { LinuxFacts, LinuxRequest } from '../runs/linux.ts'
import type { Failure } from '../runs/record.ts'
import type { LoadedProgram } from './load-program.ts'

/**
 * An export of the file that has a meaning on simulated boards alone, and that the program may
 * depend on.
 */
export function linuxProblem({ prepare, drivers }: LoadedProgram): Failure | undefined {
  const what = prepare !== undefined ? 'prepare' : drivers.length > 0 ? 'drivers' : undefined
  if (what === undefined) return undefined
  return {
    kind: 'not-loaded',
    message: `the file exports '${what}', which only a simulated kernel supports`,
    advice: 'Run it without --kernel linux, or move the export to a file that imports this one.',
  }
}

/** May sleep. The kernel of this machine, or why it cannot be called. */
export async function openKernel({
  memory,
}: LinuxRequest): Promise<{ readonly kernel: LinuxKernel } | { readonly failure: Failure }> {
  const { openLinux } = await import('../../linux/kernel.ts')
  try {
    // Forgotten resources are findings.
    const kernel = openLinux({ memory, reportForgotten: false })
    process.once('exit', () => kernel.close())
    return { kernel }
  } catch (error) {
    return { failure: { kind: 'not-loaded', message: messageOf(error) } }
  }
}

/** May sleep. */
export async function runOnLinux(
  { program, boards }: LoadedProgram,
  kernel: LinuxKernel,
  options: Pick<RunOptions, 'signal' | 'onEvent' | 'trace'>,
): Promise<{ readonly result: RunResult; readonly linux: LinuxFacts }> {
  const result = await runProgram(program, { kernel, ...options })
  const notes = boards.length === 0 ? result.notes : [...result.notes, BOARDS_IGNORED]
  const linux = { release: release(), memory: kernel.memoryMode }
  kernel.close()
  return { result: { ...result, notes }, linux }
}

const BOARDS_IGNORED: Note = {
  driver: 'linux',
  message: "the file's boards are simulated and are not used on this kernel.",
  count: 1,
  firstEvent: 1,
  about: 'run',
}
