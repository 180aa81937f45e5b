/** The longer texts of `--help`, at most 80 characters wide. */

export const runHelp = `
A program is a file with a default export that takes a kernel:

  import { DmaHeap } from 'dmabuf'
  export default async (kernel) => {
    using heap = DmaHeap.open(kernel)
    ...
  }

The file may export custom boards and drivers (see dmabuf/driver):

  export const boards = [{ ...armSoc, name: 'mine' }]
  export const drivers = [{ name: 'mine', probe(kernel) { ... } }]

The program runs on pc, on arm-soc and on the boards of its file, or on those
that --board names (--board pc,rpi4 or --board all), with every cache policy:
lazy (the cache never evicts or prefetches), eager (it evicts and prefetches at
every chance) and random. Findings cover everything that legal hardware may do,
whether or not the run shows it. One kind depends on the policy: stores by index
to an array that has ended are found by random, by lazy in every other access,
and not by eager.

Each run loads the file and its imports afresh. TypeScript and \`using\` are
compiled in your own files only. A run may take any time while it makes
progress; --timeout limits its total time.

Examples:
  dmabuf run examples/pipeline.ts
  dmabuf run pipeline.ts --board pc --as arm-soc   bugs that the PC hides
  dmabuf run pipeline.ts --input clip.y4m.gz --out out
  dmabuf run pipeline.ts --camera 3840x2160@30     a test pattern of this size
  dmabuf run pipeline.ts --policy random --seed 7  other choices
  dmabuf run pipeline.ts --board arm-soc --policy lazy --schedule 1.s7
                                                   repeat one run exactly
  dmabuf run pipeline.ts --json > report.json      dmabuf/schema/report-v1.json
  dmabuf run pipeline.ts --trace out/run.ndjson    records, for dmabuf check
  dmabuf run pipeline.ts --kernel linux            this machine's devices

With --kernel linux the program runs once, on the kernel of this machine, and is
judged by its calls only. Devices and caches are not observed there; the report
lists the rules that were not checked.

Exit codes: 0 clean; 1 findings; 2 wrong usage, unreadable input, or a program
that failed by itself; 130 and 143 after Ctrl-C and SIGTERM, with the report of
the runs that had ended.
`

export const exploreHelp = `
The program runs once for each order in which its tasks (kernel.spawn) and the
timers of devices can go on, those with few deviations from the usual order
first. Calls take no virtual time, so that tasks meet. Each finding names an
order that shows it; repeat that run with dmabuf run --board, --policy and
--schedule. With --failures each call that can fail also fails, with its usual
error, and a failure counts as a deviation; the program may throw that error.
Exit codes are those of dmabuf run.

Example:
  dmabuf explore pipeline.ts --board arm-soc --bound 3 --limit 5000
`

export const compareHelp = `
The heap /dev/dma_heap/system of the program becomes that of each mechanism in
turn; the camera and the display keep their mappings, or map for each use. The
tables show on which boards the program is right under it, and the cost: bytes
that the CPU moved, cache maintenance, bounce buffers, mappings for devices,
page faults and zapped pages. Exit code 0: the tables are complete, whatever
the results are; 2: the program came to its end in no run.

Example:
  dmabuf compare pipeline.ts --board all --mechanism sync,uncached
`

export const mainHelp = `
Examples:
  dmabuf run pipeline.ts            check a program on the PC and the ARM board
  dmabuf explore pipeline.ts        check every order of its tasks
  dmabuf compare pipeline.ts        compare ways to keep its buffers coherent
  dmabuf explain early-invalidate   describe a rule, with an example
  dmabuf boards                     list the built-in boards
`
