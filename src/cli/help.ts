/** The longer pieces of `--help`. */

export const runHelp = `
A program is a file with a default export that takes a kernel:

  import { DmaHeap } from 'dmabuf'
  export default async (kernel) => {
    using heap = DmaHeap.open(kernel)
    ...
  }

The file may bring boards of its own, as tables: export const boards = [{ ...armSoc, name: 'mine' }],
and drivers: export const drivers = [{ name: 'mine', probe(kernel) { ... } }] (see dmabuf/driver).

It runs on pc and arm-soc and on the boards of its own file, or on those that --board names, under every
cache policy: lazy (the cache never helps), eager (it evicts and prefetches at every chance) and random.
Findings are about all that legal hardware may do, whatever the run itself shows.

Each run loads the file, and all that it imports, afresh. TypeScript and \`using\` are compiled, in the user's
own files only. A run may take any time while it makes progress; --timeout sets a limit for all of it.

Examples:
  dmabuf run examples/pipeline.ts
  dmabuf run pipeline.ts --board pc --as arm-soc     what the laptop hides from you
  dmabuf run pipeline.ts --input clip.y4m.gz --out out
  dmabuf run pipeline.ts --camera 3840x2160@30       a test pattern of this size
  dmabuf run pipeline.ts --policy random --seed 7    one run again, byte for byte
  dmabuf run pipeline.ts --json > report.json        see dmabuf/schema/report-v1.json
  dmabuf run pipeline.ts --kernel linux              on this machine's heaps and devices

With --kernel linux the program runs once, on the kernel of this machine, and is judged by its calls
alone. Devices and caches are not observed there: the report names the rules that this leaves out.

Exit codes: 0 clean; 1 findings; 2 wrong use, unreadable input, or a program that failed by itself;
130 and 143 after Ctrl-C and SIGTERM, with the report of the runs that had ended.
`

export const mainHelp = `
Examples:
  dmabuf run pipeline.ts            prove a program on the PC and on the ARM board
  dmabuf explain early-invalidate   what a rule asks for, why, and an example
  dmabuf boards                     the boards there are
`
