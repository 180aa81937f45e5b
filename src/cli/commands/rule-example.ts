/** A program of the package that a rule flags, beside its fixed twin. */
import { readdirSync, readFileSync } from 'node:fs'
import type { RuleId } from '../../check/rules/index.ts'
import { ruleIds } from '../../check/rules/lookup.ts'
import { packageRoot } from '../package-root.ts'

export interface RuleExample {
  /** Where the flagged program is, from the package's folder. */
  readonly file: string
  readonly flagged: readonly string[]
  readonly fixed: readonly string[]
}

interface Candidate extends RuleExample {
  /** All rules that flag the program. */
  readonly rules: readonly RuleId[]
}

/**
 * The program that shows `rule` best: one that breaks no other, in as few lines as there is. Undefined
 * where the package has none.
 */
export function exampleOf(rule: RuleId): RuleExample | undefined {
  const [best] = [...pairs('bugs'), ...pairs('examples/rules'), ...examples()]
    .filter(({ rules }) => rules.includes(rule))
    .sort((a, b) => a.rules.length - b.rules.length || a.flagged.length - b.flagged.length)
  return best
}

/** Each program with the twin beside it. */
function pairs(folder: string): Candidate[] {
  const files = programsIn(folder)
  return files.flatMap((file) => {
    const twin = file.replace(/\.ts$/, '.fixed.ts')
    return files.includes(twin) ? [candidate(folder, file, twin)] : []
  })
}

/** Every example is one edit away from the pipeline. */
function examples(): Candidate[] {
  return programsIn('examples').map((file) => candidate('examples', file, 'pipeline.ts'))
}

function programsIn(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, packageRoot)).filter((file) => file.endsWith('.ts'))
}

function candidate(folder: string, file: string, twin: string): Candidate {
  const [flagged, fixed] = [linesOf(folder, file), linesOf(folder, twin)]
  return {
    file: `${folder}/${file}`,
    rules: flagged.flatMap(rulesIn),
    flagged: codeOf(flagged),
    fixed: codeOf(fixed),
  }
}

function linesOf(folder: string, file: string): string[] {
  return readFileSync(new URL(`${folder}/${file}`, packageRoot), 'utf8').split('\n')
}

/** The rules that a program's first lines claim. */
function rulesIn(line: string): RuleId[] {
  const claim = /^\/\/ .*?\b(?:expect|lints): (.*)/i.exec(line)?.[1] ?? ''
  const words = new Set(claim.split(/[^a-z-]+/))
  return ruleIds.filter((id) => words.has(id))
}

/** Without the comment that it begins with. */
function codeOf(lines: readonly string[]): string[] {
  return lines.slice(lines.findIndex((line) => !line.startsWith('//')))
}
