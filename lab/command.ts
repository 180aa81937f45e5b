import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Missing } from './places.ts'

/** Runs a program to its end. Returns its output; throws with its error output if it failed. */
export function output(program: string, args: string[], options: { cwd?: string } = {}): string {
  const done = spawnSync(program, args, { ...options, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`${program} ${args[0]}: ${done.stderr || done.stdout}`)
  return done.stdout
}

export function need(program: string, help: string): void {
  if (!onPath(program)) throw new Missing(`no ${program} on this machine: ${help}`)
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
