/** The command's exit codes; the numbers are part of its contract. */
export const exitCode = {
  clean: 0,
  findings: 1,
  failed: 2,
  interrupted: 130,
  terminated: 143,
} as const
