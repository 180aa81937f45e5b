/** What every rule claims, what hardware does to those who break it, and the usual way out. */
import type { RuleId, RuleInfo } from './rule-id.ts'

export const ruleTable: readonly RuleInfo[] = [
  {
    id: 'read-outside-bracket',
    group: 'C1',
    severity: 'error',
    claim: 'The CPU reads what a device wrote only inside a CPU access for reading.',
    hardware:
      'A cache line that was filled before the device wrote answers the load: the CPU sees the previous frame, or half of it.',
    fix: "Read inside `withCpuAccess('read', ...)`, or put SYNC START | READ before the read and the matching END after it.",
  },
  {
    id: 'write-outside-bracket',
    group: 'C2',
    severity: 'error',
    claim: 'The CPU writes what a device reads only inside a CPU access for writing.',
    hardware:
      'The store stays in a dirty cache line that the device does not look into; the device reads old memory, and the line is evicted at some later time.',
    fix: "Write inside `withCpuAccess('read-write', ...)`, or put SYNC START | READ | WRITE before the store and the matching END after it; 'write' alone does only where every byte of the buffer is replaced.",
  },
  {
    id: 'unbalanced-bracket',
    group: 'C3',
    severity: 'error',
    claim:
      'Every START has its END, and no START for reading comes inside an open access for writing.',
    hardware:
      'START for reading invalidates: a store of the access that is still open is dropped with its line. A missing END leaves stores in the cache.',
    fix: 'Pair each START with one END in the same scope (`await using`), and end the first access before the second begins.',
  },
  {
    id: 'bracket-direction',
    group: 'C4',
    severity: 'error',
    claim: 'The flags of START and END say what the CPU does in between, and are the same on both.',
    hardware:
      'START without READ does not invalidate, END without WRITE does not clean: loads are old, stores stay in the cache.',
    fix: "Declare what the access does: 'read-write' where it does both, with the same flags at END.",
  },
  {
    id: 'sync-result-ignored',
    group: 'C5',
    severity: 'error',
    claim: 'When SYNC fails, the access does not take place; EINTR and EAGAIN are tried again.',
    hardware: 'No cache line was touched: the access is as unprotected as one with no SYNC at all.',
    fix: 'Check the result of DMA_BUF_IOCTL_SYNC; repeat it on EINTR and EAGAIN, give up on anything else, and send no END for a START that failed.',
  },
  {
    id: 'bracket-not-awaited',
    group: 'C3',
    severity: 'error',
    claim: 'SYNC has come back before the same task uses the buffer, hands it on, or ends.',
    hardware:
      'SYNC may sleep until devices are done: until it is back nothing is cleaned or invalidated, and the buffer leaves too early.',
    fix: '`await` the begin and the end of the CPU access, and every function of yours that makes one.',
  },
  {
    id: 'call-not-awaited',
    group: 'C3',
    severity: 'error',
    claim: 'A call that hands a buffer to a device, or takes it back, is awaited.',
    hardware:
      'The device still has the buffer when the program goes on and uses it again; an error of the call is lost.',
    fix: '`await` the call, or keep its promise and await that before the buffer is used again.',
  },
  {
    id: 'bracket-over-dma',
    group: 'C3',
    severity: 'error',
    claim:
      'No CPU access is open on a buffer while a device writes it, none for writing while one reads it.',
    hardware:
      'The CPU fills lines while the device writes behind them, and its own stores reach memory before, amid or after the transfer.',
    fix: 'End the CPU access before the buffer is queued or flipped, and begin it only after the device has given the buffer back.',
  },
  {
    id: 'dirty-over-dma',
    group: 'C7',
    severity: 'error',
    claim: 'No dirty cache line lies over memory that a device is about to write.',
    hardware:
      'The cache writes the dirty line back whenever it likes, also after the device has written: old bytes replace the new ones.',
    fix: 'Clean the buffer before it goes to the device: END | WRITE after the last store, with the device attached.',
  },
  {
    id: 'early-invalidate',
    group: 'C8',
    severity: 'error',
    claim: 'START for reading comes after the device has finished.',
    hardware:
      'The cache fetches lines by itself while the device is still writing; START has passed, and nobody drops them again.',
    fix: 'Wait for the device (VIDIOC_DQBUF, a fence, poll) first, then begin the CPU access.',
  },
  {
    id: 'uncovered-mapping',
    group: 'C6',
    severity: 'error',
    claim: 'The CPU uses a buffer through a mapping that its CPU access governs.',
    hardware:
      'SYNC works on the attachments of one dma-buf: what goes through a memfd, or another dma-buf over the same pages, is cleaned and invalidated by nobody.',
    fix: 'Map the dma-buf itself for the access, or begin and end a CPU access of the buffer that the device has mapped around it.',
  },
  {
    id: 'private-copy',
    group: 'C6',
    severity: 'error',
    claim: 'What devices and others share is stored and read through a MAP_SHARED mapping.',
    hardware:
      'The first store to a page of a MAP_PRIVATE mapping makes a copy for the process: devices and other mappings never see the store, and the process never sees theirs.',
    fix: 'Map the buffer MAP_SHARED: what SYNC governs and devices use is the memory that all share.',
  },
  {
    id: 'shared-line',
    group: 'C9',
    severity: 'error',
    claim: 'Memory under DMA shares no cache line with memory that somebody else uses.',
    hardware:
      "A line has one state for all its bytes: written back, it carries old bytes over what the device wrote; dropped, it takes the neighbour's store with it.",
    fix: 'Give memory for DMA whole cache lines: align its start and its length (dma_get_cache_alignment), or let kmalloc allocate it by itself.',
  },
  {
    id: 'attribute-alias',
    group: 'C10',
    severity: 'error',
    claim: 'One page is not used through a cached and an uncached mapping at once.',
    hardware:
      'One side reads memory while the newest bytes are in a line, or a line is written back over what the other side stored.',
    fix: 'Use one attribute for all mappings of the buffer, or clean and invalidate between the two.',
  },
  {
    id: 'bounce-not-synced',
    group: 'C11',
    severity: 'error',
    claim: 'What a device reaches as a bounce copy is synced before the other side looks.',
    hardware:
      'The device has a copy that the kernel made at map. A write to either side reaches the other at sync or unmap and never else: old or zero bytes, with no error anywhere.',
    fix: 'Refuse the import on a device that cannot reach the buffer, or sync the mapping (dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device) on both sides of each transfer.',
  },
  {
    id: 'sync-is-noop',
    group: 'C12',
    severity: 'error',
    claim: 'A SYNC that succeeds has synced the device that shares the bytes.',
    hardware:
      'The exporter syncs the attachments that are mapped at that moment, if its operations sync at all: with none, or another one, no line is cleaned or invalidated.',
    fix: 'Attach and map the device before the CPU access (import the buffer first), and map without skipping the CPU sync.',
  },
  {
    id: 'mapping-direction',
    group: 'C13',
    severity: 'error',
    claim: 'Map, sync and unmap say the same direction, and it covers what the device does.',
    hardware:
      'The direction decides which lines are cleaned or dropped and which way a bounce copy goes; an IOMMU refuses what it does not allow. The rest stays old.',
    fix: 'Map DMA_BIDIRECTIONAL what the device both reads and writes, and pass the direction of the map to every sync and to the unmap.',
  },
  {
    id: 'unsafe-skip-hint',
    group: 'C15',
    severity: 'error',
    claim:
      'A CPU sync is skipped only where the CPU has not touched the memory since the last one.',
    hardware:
      'Dirty lines stay over memory that the device uses: it reads old bytes, or has its own overwritten when they are evicted.',
    fix: 'Drop DMA_ATTR_SKIP_CPU_SYNC, or sync the range by hand before the device starts.',
  },
  {
    id: 'dma-api-misuse',
    group: 'C16',
    severity: 'error',
    claim:
      'A driver gives the DMA API what it got from it, within the limits that its device declares.',
    hardware:
      "An unmap with other values frees somebody else's mapping or part of one; a segment over the limit makes the device write elsewhere. DMA-API debugging warns, and goes on.",
    fix: 'Keep address, length, direction and entry count of each mapping together, check dma_mapping_error, and set the masks and segment limits before the first map.',
  },
  {
    id: 'partial-write-over-stale',
    group: 'C4',
    severity: 'error',
    claim:
      'A CPU access for writing alone stores whole cache lines, or reads them up to date first.',
    hardware:
      'START | WRITE does not invalidate. A line that is old and stored to in part goes back as a whole, with old bytes beside the new ones.',
    fix: "Begin the access with 'read-write', or store every byte of the buffer.",
  },
  {
    id: 'unsynced-handoff',
    group: 'C12',
    severity: 'error',
    claim:
      'Between a device that looks into the CPU caches and one that does not, and between a driver and its device, somebody syncs.',
    hardware:
      'The bytes of a snooping device may end in the cache, where the other device does not look; or a line keeps what a non-snooping one replaced.',
    fix: 'Let a CPU access (START | READ, END | WRITE) or a fresh map of the attachment lie between the two devices.',
  },
  {
    id: 'early-reuse',
    group: 'D2',
    severity: 'error',
    claim: 'A buffer is written again only after every device has stopped reading it.',
    hardware: 'The display shows two frames at once: the picture tears, on coherent boards too.',
    fix: 'Queue the buffer again after the flip that replaces it has completed, and use one buffer more.',
  },
  {
    id: 'missing-wait',
    group: 'D1',
    severity: 'error',
    claim: 'A device uses bytes only after the device that writes them has finished.',
    hardware:
      'The reader gets part of the new picture and part of the one before, on coherent boards too.',
    fix: 'Wait for the writer first (VIDIOC_DQBUF, poll, its fence, the return of its ioctl), then start the next device; a driver waits for the write fences of the reservation object.',
  },
  {
    id: 'fd-misuse',
    group: 'E1',
    severity: 'error',
    claim: 'A descriptor is closed once, by its owner, and not used afterwards.',
    hardware:
      'The call fails with EBADF, or, once the number was given out again, acts on a stranger: the worst kind of corruption.',
    fix: 'Let one owner close the descriptor; give others a `dup` of their own.',
  },
  {
    id: 'fd-leak',
    group: 'E2',
    severity: 'warning',
    claim: 'Every descriptor is closed, every buffer released.',
    hardware:
      'Memory stays pinned and the table of descriptors fills up: after seconds or hours open and import fail with EMFILE or ENOMEM.',
    fix: 'Declare the owner with `using` or `await using`, or close it in `finally`.',
  },
  {
    id: 'early-publish',
    group: 'E3',
    severity: 'error',
    claim:
      'A descriptor becomes visible to user space only when nothing more is done to its buffer.',
    hardware:
      'Another thread closes the number as soon as it is there: the driver goes on with memory that was freed.',
    fix: "Reserve the number, finish the object, and install the descriptor as the last step; or hold a reference of one's own.",
  },
  {
    id: 'map-leak',
    group: 'E4',
    severity: 'warning',
    claim: 'Every mapping of a buffer is unmapped.',
    hardware:
      'The mapping keeps the buffer alive after its last descriptor was closed, and pins its memory.',
    fix: 'Declare the mapping with `using`, or close it; what a call of mmap made ends with munmap.',
  },
  {
    id: 'mapping-leak',
    group: 'E4',
    severity: 'error',
    claim:
      'Each attach has its detach, each map its unmap, each vmap its vunmap, on error paths too.',
    hardware:
      'The device keeps reaching memory that goes to its next owner; IOVA space, bounce slots and pages run out.',
    fix: 'Undo in reverse order where the driver lets go of the buffer and on every error path after the step.',
  },
  {
    id: 'freed-in-use',
    group: 'E5',
    severity: 'error',
    claim:
      'An exporter frees memory only when no process, device or driver has it mapped any more.',
    hardware:
      'The frames go to their next owner: what the process or the device stores overwrites it, and what they read is foreign.',
    fix: 'Keep the memory until release; or take it out of processes (unmap_mapping_range) and have importers unmap it (dma_buf_move_notify, with the lock held) before it is freed.',
  },
  {
    id: 'backing-mismatch',
    group: 'E9',
    severity: 'error',
    claim:
      'Everybody has the same memory of a buffer mapped, or the exporter copies between them at each CPU access, map and unmap.',
    hardware:
      'The store goes to one memory and the read to another: the reader gets what was there before, with no error anywhere.',
    fix: 'Let mmap, vmap and map_dma_buf give out the same pages, and before they change take the ones before out of processes (unmap_mapping_range) and importers (dma_buf_move_notify); or copy the shadow in begin_cpu_access and end_cpu_access.',
  },
  {
    id: 'use-after-release',
    group: 'E6',
    severity: 'error',
    claim: 'Nobody touches bytes after the CPU access or the mapping that gave them has ended.',
    hardware:
      'The CPU faults, or another owner of the page is hit; a device without IOMMU reaches the frame in any case.',
    fix: 'Take what you need out of the bytes before the access ends, and take the bytes anew in the next one.',
  },
  {
    id: 'handle-alias',
    group: 'E7',
    severity: 'error',
    claim: 'A PRIME handle is closed exactly once per device file, when its last user is done.',
    hardware:
      'Importing a buffer twice gives one handle: the first close takes it from both, and a second one may hit a stranger. Never closing it keeps the buffer.',
    fix: 'Count imports per device file and handle, and close when the count falls to zero.',
  },
  {
    id: 'reference-misuse',
    group: 'E8',
    severity: 'error',
    claim: 'Each reference is dropped once, by who took it, and then not used.',
    hardware:
      'A reference dropped twice frees memory that somebody uses; one never dropped keeps it for ever.',
    fix: 'Let each reference have one owner; dma_buf_fd hands it to the descriptor, and a failed call leaves it with the caller.',
  },
  {
    id: 'driver-contract',
    group: 'E9',
    severity: 'error',
    claim: 'The operations of a driver return what the dma-buf core expects of them, in time.',
    hardware:
      'The core takes the value as it is: an oops, a wait that nothing ends, or a buffer described by memory that is not its own.',
    fix: 'Return a live mapping of the whole buffer for that very device, or fail with an errno; let nothing else out.',
  },
  {
    id: 'out-of-range',
    group: 'F1',
    severity: 'error',
    claim:
      'Offsets and sizes stay within the buffer that the descriptor stands for, and a mapping begins at a page.',
    hardware:
      'SIGBUS or EFAULT for the CPU, EINVAL at mmap and for a framebuffer, a neighbour overwritten by a device.',
    fix: 'Ask the descriptor for its size (lseek to the end) and check offset + pitch × height against it; never trust a declared size.',
  },
  {
    id: 'growable-mapping',
    group: 'F3',
    severity: 'error',
    claim: 'A mapping of a buffer cannot grow beyond the buffer.',
    hardware:
      'Without VM_DONTEXPAND mremap makes the mapping longer after mmap has checked it: its new pages are whatever lies behind.',
    fix: 'Forbid it in the mmap operation (VM_DONTEXPAND), and mmap anew where a longer mapping is needed.',
  },
  {
    id: 'reservation-lock',
    group: 'G2',
    severity: 'error',
    claim:
      'The reservation lock is held around the calls that want it, and not around those that take it.',
    hardware:
      'Without it a move or another attach comes in between; taken a second time by its holder it is waited for for ever.',
    fix: 'Take it with dma_resv_lock before map, pin and vmap, or call the _unlocked variant without it.',
  },
  {
    id: 'redundant-sync',
    group: 'C14',
    severity: 'lint',
    claim: 'SYNC is asked for where ownership has changed, and nowhere else.',
    hardware:
      'Every SYNC walks the lines of the whole buffer: about a millisecond for 64 MiB, for nothing.',
    fix: 'Keep one CPU access open over the loads and stores that belong together.',
  },
  {
    id: 'whole-buffer-sync',
    group: 'C14',
    severity: 'lint',
    claim: 'A driver that knows which bytes were touched syncs these.',
    hardware:
      'The sync walks every line of the range: for 64 MiB about a millisecond, for 4 KiB less than a microsecond.',
    fix: 'Sync the range alone: dma_sync_single_range_for_cpu and dma_sync_single_range_for_device.',
  },
  {
    id: 'uncached-read',
    group: 'C14',
    severity: 'lint',
    claim: 'A program that reads much of a buffer reads it through the cache.',
    hardware:
      'Each load waits for memory, and nothing is fetched ahead: reading takes 10 to 100 times as long as from cached memory, about 10 ms for a picture of 640 by 360.',
    fix: 'Let the device write into buffers of a heap, which are cached and synced at START; of pictures that the program draws, keep a copy in ordinary memory and read that.',
  },
  {
    id: 'bracket-order',
    group: 'C3',
    severity: 'lint',
    claim: 'A CPU access ends before the mapping whose bytes it covered is unmapped.',
    hardware:
      'Nothing goes wrong as long as nobody touches the bytes in between; the END then stands for an access that is long over.',
    fix: 'Send END first, then munmap: with `using`, declare the mapping before the CPU access.',
  },
  {
    id: 'never-written',
    group: 'F1',
    severity: 'lint',
    claim: 'A device reads the bytes that something wrote, and not others beside them.',
    hardware:
      'The device reads what the memory held when it was allocated: zeros, which are black or green, or an earlier picture.',
    fix: 'Check offset, pitch and height of each plane against what wrote the picture: padded rows lie before the next plane.',
  },
  {
    id: 'never-read',
    group: 'E7',
    severity: 'lint',
    claim: 'What the program writes for a device is read.',
    hardware:
      'The device goes on reading another buffer: the picture is stale, and nothing reports an error.',
    fix: 'Key a cache of imported buffers by the buffer and not by the number of its descriptor, which is used again, and drop the entry when the buffer is closed.',
  },
]

const byId: ReadonlyMap<string, RuleInfo> = new Map(ruleTable.map((rule) => [rule.id, rule]))

export const ruleIds: readonly RuleId[] = ruleTable.map((rule) => rule.id)

/** The rule with this name or group (C1, also in lower case), or undefined. */
export function ruleNamed(name: string): RuleInfo | undefined {
  return byId.get(name) ?? ruleTable.find((rule) => rule.group === name.toUpperCase())
}

export function ruleOf(id: RuleId): RuleInfo {
  return byId.get(id) as RuleInfo
}

/**
 * What there is to say about a rule, or about each rule of a group, as text for a terminal; undefined
 * for an unknown name.
 */
export function explain(name: string): string | undefined {
  const rule = byId.get(name)
  const rules =
    rule === undefined ? ruleTable.filter(({ group }) => group === name.toUpperCase()) : [rule]
  return rules.length === 0 ? undefined : rules.map(explainRule).join('\n')
}

function explainRule(rule: RuleInfo): string {
  return [
    `${rule.id} (${rule.group}, ${rule.severity})`,
    '',
    rule.claim,
    '',
    `On real hardware: ${rule.hardware}`,
    '',
    `Fix: ${rule.fix}`,
    '',
  ].join('\n')
}
