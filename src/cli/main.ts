#!/usr/bin/env node
/** The `dmabuf` command. */
import { main } from './cli.ts'
import { exitCode } from './exit-code.ts'
import { interruption } from './interruption.ts'
import { expectOutputErrors } from './terminal/print.ts'

expectOutputErrors()
try {
  process.exitCode = await main(process.argv.slice(2), interruption())
} catch (error) {
  // A mistake of this package's; 1 would say that the program has findings.
  console.error(error)
  process.exitCode = exitCode.failed
}
