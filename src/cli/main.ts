#!/usr/bin/env node
/** The `dmabuf` command. */
import { main } from './cli.ts'
import { exitCode } from './exit-code.ts'

// Between two turns no file is half-written: to leave at once is to leave nothing behind.
process.once('SIGINT', () => process.exit(exitCode.interrupted))
process.once('SIGTERM', () => process.exit(exitCode.interrupted))

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  // A mistake of this package's; 1 would say that the program has findings.
  console.error(error)
  process.exitCode = exitCode.failed
}
