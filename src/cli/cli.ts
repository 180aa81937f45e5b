/** The commands and their options. */

import { Command, CommanderError } from 'commander'
import { mechanisms } from '../mechanisms/index.ts'
import { USUAL_BOUND, USUAL_LIMIT } from '../run/explore/explore-program.ts'
import { DEFAULT_RELEASE } from '../syscalls/kernel-release.ts'
import { collectNames } from './arguments.ts'
import { boards } from './commands/boards.ts'
import { type CheckFlags, check } from './commands/check.ts'
import { type CompareFlags, compare } from './commands/compare.ts'
import { explainText } from './commands/explain.ts'
import { type ExploreFlags, explore } from './commands/explore.ts'
import { init } from './commands/init.ts'
import { run } from './commands/run.ts'
import type { RunFlags } from './commands/run-request.ts'
import { watch } from './commands/watch.ts'
import { exitCode } from './exit-code.ts'
import { compareHelp, exploreHelp, mainHelp, runHelp } from './help.ts'
import { readManifest } from './package-root.ts'
import { reporterNames } from './reporters.ts'
import { ALL_BOARDS, boardNames, policyNames } from './runs/plan.ts'
import { usageText } from './terminal/failure-text.ts'
import { OutputError, print, printAside } from './terminal/print.ts'
import { styleFor } from './terminal/style.ts'
import { UsageError } from './usage-error.ts'
import { withRun, wrongUseOf } from './wrong-use.ts'

/**
 * May sleep. Carries out `words`, those after the command's own name, and returns the exit code. `signal`
 * aborts with `Interrupted`.
 */
export async function main(words: readonly string[], signal: AbortSignal): Promise<number> {
  let code: number = exitCode.clean
  const command = commands(signal, (result) => {
    code = result
  })
  try {
    const names = command.commands.map((one) => one.name())
    await command.parseAsync(withRun(words, names), { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode.failed
    if (!(error instanceof UsageError || error instanceof OutputError)) throw error
    await printAside(usageText(error, styleFor(process.stderr, wantsColor(command))))
    return exitCode.failed
  }
}

function commands(signal: AbortSignal, finish: (code: number) => void): Command {
  const command = new Command('dmabuf')
    .description('Prove zero-copy pipelines on simulated boards.')
    .version(readManifest().version)
    .option('--no-color', 'print without colours (NO_COLOR is honoured too)')
    .addHelpText('after', mainHelp)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(usageText(wrongUseOf(text), styleFor(process.stderr, wantsColor(command))))
      },
    })
  addRun(command, signal, finish)
  const style = () => styleFor(process.stdout, wantsColor(command))
  subcommand(command, 'boards', 'list the boards, or show some in full')
    .argument('[words...]', 'names of boards; a program first adds the boards that it exports')
    .action(async (words: readonly string[]) => {
      finish(await boards(words, { color: wantsColor(command) }, signal))
    })
  addExplore(command, signal, finish)
  addCompare(command, signal, finish)
  addCheck(command, finish)
  subcommand(command, 'explain', 'explain a rule with an example, or list the rules')
    .argument('[rule]', 'a rule, or its group')
    .action((rule: string | undefined) => print(explainText(rule, style())))
  subcommand(command, 'init', 'write a first pipeline and its test')
    .argument('[dir]', 'the folder; files that exist are not overwritten', '.')
    .action((dir: string) => print(init(dir)))
  return command
}

function addRun(command: Command, signal: AbortSignal, finish: (code: number) => void): void {
  subcommand(command, 'run', 'run a program on the boards and check it')
    .argument('<file>', 'a .ts, .mts, .cts, .js, .mjs or .cjs file with a default export')
    .option(
      '--board <name>',
      `run on these boards only: ${[...boardNames, ALL_BOARDS].join(', ')} (default: pc, arm-soc)`,
      collectNames,
    )
    .option('--as <name>', "judge for this board (default: a coherent board's reference board)")
    .option(
      '--policy <name>',
      `run with these policies only: ${policyNames.join(', ')}`,
      collectNames,
    )
    .option('--seed <n>', 'the seed of random choices (default: 1)')
    .option('--schedule <text>', "replay the choices of one run, from the run's report")
    .option('--input <clip>', 'a .y4m or .y4m.gz file for the camera (default: a test pattern)')
    .option('--camera <size>', 'a test pattern of this size, such as 1920x1080@60')
    .option('--out <dir>', 'write the displayed pictures as PNG, one folder for each run')
    .option('--trace <file>', 'record the events of each run, for `dmabuf check`')
    .option('--timeout <seconds>', 'end a run after this time (default: 60 s without progress)')
    .option(
      '--views <kind>',
      'raw, or checked: observe every load and store, slower (default: raw)',
    )
    .option(
      '--linux <release>',
      `the simulated Linux, such as 6.12.95 (default: ${DEFAULT_RELEASE})`,
    )
    .option('--kernel <name>', 'sim, or linux: the kernel of this machine (default: sim)')
    .option('--memory <mode>', 'with --kernel linux: direct or copy (default: direct if possible)')
    .option('--notes', 'print notes about drivers too')
    .option('--reporter <name>', `the report's format: ${reporterNames.join(', ')} (default: text)`)
    .option('--output <file>', 'write the report to a file, and print the text')
    .option('--watch', 'run again whenever a file of the program changes')
    .option('--json', 'the same as --reporter json')
    .addHelpText('after', runHelp)
    .action(async (file: string, flags: Omit<RunFlags, 'color'>) => {
      const start = flags.watch === true ? watch : run
      finish(await start(file, { ...flags, color: wantsColor(command) }, signal))
    })
}

function addExplore(command: Command, signal: AbortSignal, finish: (code: number) => void): void {
  subcommand(command, 'explore', 'run a program in many orders of its tasks and check each')
    .argument('<file>', 'a .ts, .mts, .cts, .js, .mjs or .cjs file with a default export')
    .option('--board <name>', 'run on this board (default: arm-soc)')
    .option('--as <name>', "judge for this board (default: a coherent board's reference board)")
    .option('--policy <name>', `run with this policy: ${policyNames.join(', ')} (default: lazy)`)
    .option('--seed <n>', "the seed of the random policy's caches (default: 1)")
    .option(
      '--bound <n>',
      `the most deviations of an order from the usual one (default: ${USUAL_BOUND})`,
    )
    .option('--limit <n>', `the most orders to try (default: ${USUAL_LIMIT})`)
    .option('--failures', 'let calls fail as well, each by itself and in each order')
    .option('--input <clip>', 'a .y4m or .y4m.gz file for the camera (default: a test pattern)')
    .option('--camera <size>', 'a test pattern of this size, such as 1920x1080@60')
    .option('--timeout <seconds>', 'end a run after this time (default: 60 s without progress)')
    .option('--reporter <name>', `the report's format: ${reporterNames.join(', ')} (default: text)`)
    .option('--output <file>', 'write the report to a file, and print the text')
    .option('--json', 'the same as --reporter json')
    .addHelpText('after', exploreHelp)
    .action(async (file: string, flags: Omit<ExploreFlags, 'color'>) => {
      finish(await explore(file, { ...flags, color: wantsColor(command) }, signal))
    })
}

function addCompare(command: Command, signal: AbortSignal, finish: (code: number) => void): void {
  subcommand(command, 'compare', 'run a program under each mechanism for coherent buffers')
    .argument('<file>', 'a .ts, .mts, .cts, .js, .mjs or .cjs file with a default export')
    .option(
      '--board <name>',
      'run on these boards only, or on all (default: pc, arm-soc)',
      collectNames,
    )
    .option(
      '--mechanism <name>',
      `compare these only: ${mechanisms.map(({ name }) => name).join(', ')}`,
      collectNames,
    )
    .option(
      '--imports <way>',
      'camera and display map imports once and keep them, or for each use: kept, per-use (default: both)',
      collectNames,
    )
    .option('--as <name>', "judge for this board (default: a coherent board's reference board)")
    .option('--policy <name>', `run with this policy: ${policyNames.join(', ')} (default: lazy)`)
    .option('--seed <n>', 'the seed of random choices (default: 1)')
    .option('--input <clip>', 'a .y4m or .y4m.gz file for the camera (default: a test pattern)')
    .option('--camera <size>', 'a test pattern of this size, such as 1920x1080@60')
    .option('--timeout <seconds>', 'end a run after this time (default: 60 s without progress)')
    .option('--output <file>', 'write the table to a file, and print the text')
    .option('--json', 'print the rows as JSON')
    .addHelpText('after', compareHelp)
    .action(async (file: string, flags: Omit<CompareFlags, 'color'>) => {
      finish(await compare(file, { ...flags, color: wantsColor(command) }, signal))
    })
}

function addCheck(command: Command, finish: (code: number) => void): void {
  subcommand(command, 'check', 'check a run that was recorded with --trace')
    .argument('<file>', 'an .ndjson or .ndjson.gz file, or - for stdin')
    .option('--as <name>', 'fail unless the record was judged for this board')
    .option('--notes', 'print notes about drivers too')
    .option('--reporter <name>', `the report's format: ${reporterNames.join(', ')} (default: text)`)
    .option('--output <file>', 'write the report to a file, and print the text')
    .option('--json', 'the same as --reporter json')
    .action(async (file: string, flags: Omit<CheckFlags, 'color'>) => {
      finish(await check(file, { ...flags, color: wantsColor(command) }))
    })
}

/** A command that takes `--no-color` after its name as well as before. */
function subcommand(command: Command, name: string, description: string): Command {
  return command
    .command(name)
    .description(description)
    .option('--no-color', 'print without colours')
}

function wantsColor(command: Command): boolean {
  return [command, ...command.commands].every(
    (one) => one.opts<{ color?: boolean }>().color !== false,
  )
}
