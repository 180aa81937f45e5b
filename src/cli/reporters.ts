/** The forms that a report can have, and the file it may go to. */
import { accessSync, constants, statSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { githubAnnotations } from '../check/report/github.ts'
import type { FileName, ReportJson } from '../check/report/json.ts'
import { junitXml } from '../check/report/junit.ts'
import { sarifLog } from '../check/report/sarif.ts'
import { messageOf } from '../run/thrown.ts'
import { oneOf } from './arguments.ts'
import { makeFolder } from './folder.ts'
import { readManifest } from './package-root.ts'
import { isProgramName } from './program-file.ts'
import { fileText } from './terminal/style.ts'
import { UsageError } from './usage-error.ts'

export const reporterNames = ['text', 'json', 'github', 'sarif', 'junit'] as const
export type ReporterName = (typeof reporterNames)[number]

export interface ReportFlags {
  readonly reporter?: string
  readonly output?: string
  /** Another way to say `--reporter json`. */
  readonly json?: boolean
}

export interface ReportChoice {
  readonly reporter: ReporterName
  /** The absolute path of the file for the report; it goes to stdout where there is none. */
  readonly output: string | undefined
}

/** Throws a UsageError, before anything runs, where the report could not be written. */
export function reportChoice({ reporter, output, json = false }: ReportFlags): ReportChoice {
  const name = reporter === undefined ? undefined : oneOf('--reporter', reporter, reporterNames)
  if (json && name !== undefined && name !== 'json') {
    throw new UsageError(
      `--json and --reporter ${name} are two reports`,
      'Run twice, or convert the JSON: `dmabuf/check` has the writers.',
    )
  }
  const chosen = name ?? (json ? 'json' : 'text')
  return { reporter: chosen, output: output === undefined ? undefined : outputFile(output) }
}

/** Whether people get nothing to read on stdout. */
export function isForPrograms({ reporter, output }: ReportChoice): boolean {
  return output === undefined && reporter !== 'text' && reporter !== 'github'
}

/** The report in the form of `reporter`; `text` has another way. */
export function reportText(
  reporter: Exclude<ReporterName, 'text'>,
  reportOf: (program: FileName, fileName: FileName) => ReportJson,
): string {
  switch (reporter) {
    case 'json':
      return jsonText(reportOf((file) => file, fileText))
    case 'junit':
      return junitXml(reportOf((file) => file, fileText))
    case 'github':
      return githubAnnotations(reportOf(fileInRepository, fileInRepository))
    case 'sarif':
      return jsonText(
        sarifLog(reportOf(fileInRepository, fileInRepository), { version: readManifest().version }),
      )
  }
}

/** Writes `text` to the file of the choice. Throws a UsageError. */
export function writeReport(file: string, text: string): void {
  attempt(file, () => writeFileSync(file, text))
}

function jsonText(report: object): string {
  return `${JSON.stringify(report, null, 2)}\n`
}

/** GitHub looks for files from the repository's root, whichever folder a step works in. */
function fileInRepository(file: string): string {
  const { GITHUB_WORKSPACE = '' } = process.env
  const path = relative(GITHUB_WORKSPACE || process.cwd(), resolve(file)).replaceAll('\\', '/')
  return path.startsWith('../') ? resolve(file) : path
}

function outputFile(output: string): string {
  if (output.trim() === '') {
    throw new UsageError('--output is empty', 'Name a file, as in --output report.sarif.')
  }
  const file = resolve(output)
  if (isProgramName(file)) {
    throw new UsageError(`--output ${output} is the name of a program, which is not overwritten`)
  }
  attempt(output, () => {
    makeFolder(dirname(file))
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw new Error('it is a folder')
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK)
  })
  return file
}

function attempt(file: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    throw new UsageError(
      `cannot write to ${file}: ${messageOf(error)}`,
      'Choose another file with --output.',
    )
  }
}
