/** The rules: claim, effect of a violation on hardware, and usual fix. */
import type { RuleId, RuleInfo } from './rule-id.ts'

export const ruleTable: readonly RuleInfo[] = [
  {
    id: 'read-outside-bracket',
    group: 'C1',
    severity: 'error',
    claim: 'The CPU reads device-written data only inside a CPU access for reading.',
    hardware:
      'The load hits a cache line that was filled before the device wrote: the CPU reads the previous frame, or half of it.',
    fix: "Read inside `withCpuAccess('read', ...)`, or put SYNC START | READ before the read and the matching END after it.",
  },
  {
    id: 'write-outside-bracket',
    group: 'C2',
    severity: 'error',
    claim: 'The CPU writes data for a device only inside a CPU access for writing.',
    hardware:
      'The store stays in a dirty cache line that the device does not snoop; the device reads stale memory, and the line may be written back at any later time.',
    fix: "Write inside `withCpuAccess('read-write', ...)`, or put SYNC START | READ | WRITE before the store and the matching END after it; 'write' alone suffices only if every byte of the buffer is replaced.",
  },
  {
    id: 'unbalanced-bracket',
    group: 'C3',
    severity: 'error',
    claim:
      'Every START has one END, and no START for reading comes inside an open access for writing.',
    hardware:
      'START for reading invalidates: the stores of an open access are dropped with their lines. A missing END leaves stores in the cache.',
    fix: 'Pair each START with one END in the same scope (`await using`), and end the first access before the second begins.',
  },
  {
    id: 'bracket-direction',
    group: 'C4',
    severity: 'error',
    claim:
      'The flags of START and END match the CPU accesses in between, and are the same on both.',
    hardware:
      'START without READ does not invalidate, END without WRITE does not clean: the CPU reads stale data, and stores stay in the cache.',
    fix: "Declare the direction of the access: 'read-write' if it does both, with the same flags at END.",
  },
  {
    id: 'sync-result-ignored',
    group: 'C5',
    severity: 'error',
    claim: 'After a failed SYNC the access does not take place; EINTR and EAGAIN are retried.',
    hardware: 'No cache line was touched: the access is as unprotected as one with no SYNC at all.',
    fix: 'Check the result of DMA_BUF_IOCTL_SYNC; repeat it on EINTR and EAGAIN, give up on anything else, and send no END for a START that failed.',
  },
  {
    id: 'bracket-not-awaited',
    group: 'C3',
    severity: 'error',
    claim: 'SYNC completes before the same task uses the buffer, passes it on, or ends.',
    hardware:
      'SYNC may sleep until devices have finished. Before it completes, nothing is cleaned or invalidated, and the buffer is passed on too early.',
    fix: '`await` the begin and the end of the CPU access, and every function of yours that makes one.',
  },
  {
    id: 'call-not-awaited',
    group: 'C3',
    severity: 'error',
    claim: 'A call that passes a buffer to a device, or takes it back, is awaited.',
    hardware:
      'The device still has the buffer when the program uses it again, and an error of the call is lost.',
    fix: '`await` the call, or keep its promise and await that before the buffer is used again.',
  },
  {
    id: 'bracket-over-dma',
    group: 'C3',
    severity: 'error',
    claim:
      'No CPU access is open while a device writes the buffer, and none for writing while a device reads it.',
    hardware:
      'The CPU fills cache lines while the device writes memory, and CPU writes may land before, during or after the DMA.',
    fix: 'End the CPU access before the buffer is queued or flipped, and begin it only after the device has given the buffer back.',
  },
  {
    id: 'dirty-over-dma',
    group: 'C7',
    severity: 'error',
    claim: 'No cache line is dirty over memory that a device is about to write.',
    hardware:
      'The cache may write the dirty line back at any time, even after the DMA: stale bytes overwrite the new ones.',
    fix: 'Clean the buffer before it goes to the device: END | WRITE after the last store, with the device attached.',
  },
  {
    id: 'early-invalidate',
    group: 'C8',
    severity: 'error',
    claim: 'START for reading comes after the device has finished.',
    hardware:
      'The cache may fetch lines while the device is still writing. START has already passed, so they are not invalidated again.',
    fix: 'Wait for the device (VIDIOC_DQBUF, a fence, poll) first, then begin the CPU access.',
  },
  {
    id: 'uncovered-mapping',
    group: 'C6',
    severity: 'error',
    claim: 'The CPU uses a buffer through a mapping that its CPU access covers.',
    hardware:
      'SYNC works on the attachments of one dma-buf. It does not clean or invalidate for accesses through a memfd, or through another dma-buf over the same pages.',
    fix: 'Map the dma-buf itself for the access, or begin and end a CPU access of the buffer that the device has mapped around it.',
  },
  {
    id: 'private-copy',
    group: 'C6',
    severity: 'error',
    claim: 'Shared memory is stored to and read through a MAP_SHARED mapping.',
    hardware:
      'The first store to a page of a MAP_PRIVATE mapping makes a copy for the process: devices and other mappings never see the store, and the process never sees theirs.',
    fix: 'Map the buffer MAP_SHARED: SYNC and devices use the shared memory only.',
  },
  {
    id: 'shared-line',
    group: 'C9',
    severity: 'error',
    claim: 'Memory under DMA shares no cache line with unrelated memory.',
    hardware:
      "A line has one state for all its bytes. A write-back puts stale bytes over the device's data; an invalidate also drops the neighbour's store.",
    fix: 'Give memory for DMA whole cache lines: align its start and its length (dma_get_cache_alignment), or let kmalloc allocate it by itself.',
  },
  {
    id: 'attribute-alias',
    group: 'C10',
    severity: 'error',
    claim: 'A page is not used through a cached and an uncached mapping at the same time.',
    hardware:
      "One side reads memory while the newest bytes are in a cache line, or a line is written back over the other side's stores.",
    fix: 'Use one attribute for all mappings of the buffer, or clean and invalidate between the two.',
  },
  {
    id: 'bounce-not-synced',
    group: 'C11',
    severity: 'error',
    claim: 'A bounce buffer is synced before the other side accesses the data.',
    hardware:
      'The device uses a copy that the kernel made at map. A write to one side reaches the other only at sync or unmap: until then it reads stale or zero bytes, without any error.',
    fix: 'Refuse the import on a device that cannot reach the buffer, or sync the mapping (dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device) on both sides of each transfer.',
  },
  {
    id: 'sync-is-noop',
    group: 'C12',
    severity: 'error',
    claim: 'A successful SYNC syncs the device that shares the bytes.',
    hardware:
      'The exporter syncs the attachments that are mapped at that time, if its operations sync at all. Otherwise no line is cleaned or invalidated.',
    fix: 'Attach and map the device before the CPU access (import the buffer first), and map without skipping the CPU sync.',
  },
  {
    id: 'mapping-direction',
    group: 'C13',
    severity: 'error',
    claim: "Map, sync and unmap use the same direction, and it covers the device's transfers.",
    hardware:
      'The direction decides which lines are cleaned or invalidated and which way a bounce buffer is copied; an IOMMU blocks the other direction. The rest stays stale.',
    fix: 'Map memory that the device both reads and writes as DMA_BIDIRECTIONAL, and pass the direction of the map to every sync and to the unmap.',
  },
  {
    id: 'unsafe-skip-hint',
    group: 'C15',
    severity: 'error',
    claim: 'A CPU sync is skipped only if the CPU has not touched the memory since the last one.',
    hardware:
      'Dirty lines stay over memory that the device uses: it reads stale bytes, or the lines are evicted over its data.',
    fix: 'Drop DMA_ATTR_SKIP_CPU_SYNC, or sync the range by hand before the device starts.',
  },
  {
    id: 'dma-api-misuse',
    group: 'C16',
    severity: 'error',
    claim:
      'A driver passes the DMA API the same values that it returned, within the limits of the device.',
    hardware:
      'An unmap with different values frees an unrelated mapping or a part of one; a segment over the limit makes the device write elsewhere. DMA-API debugging only warns.',
    fix: 'Keep address, length, direction and entry count of each mapping together, check dma_mapping_error, and set the masks and segment limits before the first map.',
  },
  {
    id: 'partial-write-over-stale',
    group: 'C4',
    severity: 'error',
    claim: 'A write-only CPU access stores whole cache lines, or reads them up to date first.',
    hardware:
      'START | WRITE does not invalidate. A stale line that is stored to in part is written back as a whole, with stale bytes beside the new ones.',
    fix: "Begin the access with 'read-write', or store every byte of the buffer.",
  },
  {
    id: 'unsynced-handoff',
    group: 'C12',
    severity: 'error',
    claim:
      'A hand-off between a coherent and a non-coherent device, or between a driver and its device, needs a sync.',
    hardware:
      'The bytes of a coherent device may end in the cache, which the other device does not snoop; or a cache line stays stale after a non-coherent device has written.',
    fix: 'Put a CPU access (START | READ, END | WRITE) or a new map of the attachment between the two devices.',
  },
  {
    id: 'early-reuse',
    group: 'D2',
    severity: 'error',
    claim: 'A buffer is written again only after every device has stopped reading it.',
    hardware: 'The display shows two frames at once: the picture tears, on coherent boards too.',
    fix: 'Queue the buffer again after the flip that replaces it has completed, and use one more buffer.',
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
      'The call fails with EBADF or, if the fd number was reused, operates on an unrelated file.',
    fix: 'Let one owner close the descriptor, and give each other user a `dup`.',
  },
  {
    id: 'fd-leak',
    group: 'E2',
    severity: 'warning',
    claim: 'Every descriptor is closed, every buffer released.',
    hardware:
      'Memory stays pinned and the descriptor table fills up: after seconds or hours open and import fail with EMFILE or ENOMEM.',
    fix: 'Declare the owner with `using` or `await using`, or close it in `finally`.',
  },
  {
    id: 'early-publish',
    group: 'E3',
    severity: 'error',
    claim: 'A descriptor is installed only after all other work on its buffer is done.',
    hardware:
      'Another thread may close the number as soon as it is installed: the driver then uses freed memory.',
    fix: 'Reserve the number, finish the object, and install the descriptor as the last step; or hold another reference.',
  },
  {
    id: 'map-leak',
    group: 'E4',
    severity: 'warning',
    claim: 'Every mapping of a buffer is unmapped.',
    hardware:
      'The mapping keeps the buffer alive after its last descriptor was closed, and pins its memory.',
    fix: 'Declare the mapping with `using`, or close it; end a mapping of a plain mmap call with munmap.',
  },
  {
    id: 'mapping-leak',
    group: 'E4',
    severity: 'error',
    claim:
      'Each attach has its detach, each map its unmap, each vmap its vunmap, on error paths too.',
    hardware:
      'The device still reaches memory that goes to its next owner; IOVA space, bounce slots and pages run out.',
    fix: 'Undo each step in reverse order where the driver releases the buffer, and on every error path after the step.',
  },
  {
    id: 'freed-in-use',
    group: 'E5',
    severity: 'error',
    claim: 'An exporter frees memory only when no process, device or driver has it mapped.',
    hardware:
      'The page frames go to their next owner: stores of the process or the device overwrite its data, and their loads return it.',
    fix: 'Keep the memory until release; or remove it from processes (unmap_mapping_range) and have importers unmap it (dma_buf_move_notify, with the lock held) before it is freed.',
  },
  {
    id: 'backing-mismatch',
    group: 'E9',
    severity: 'error',
    claim:
      'All mappings of a buffer are of the same memory, or the exporter copies between them at each CPU access, map and unmap.',
    hardware:
      'The store goes to one memory and the read to another: the reader gets stale data, without any error.',
    fix: 'Let mmap, vmap and map_dma_buf map the same pages, and before these change, remove the previous ones from processes (unmap_mapping_range) and importers (dma_buf_move_notify); or copy the shadow in begin_cpu_access and end_cpu_access.',
  },
  {
    id: 'use-after-release',
    group: 'E6',
    severity: 'error',
    claim: 'Bytes are not touched after their CPU access or mapping has ended.',
    hardware:
      'The CPU faults, or accesses the next owner of the page; a device without an IOMMU reaches the page frame in any case.',
    fix: 'Copy the data out before the access ends, and get new bytes in the next access.',
  },
  {
    id: 'handle-alias',
    group: 'E7',
    severity: 'error',
    claim: 'A PRIME handle is closed exactly once per device file, when its last user is done.',
    hardware:
      'Importing a buffer twice returns one handle: the first close ends it for both, and a second close may hit an unrelated object. A handle that is never closed keeps the buffer alive.',
    fix: 'Count imports per device file and handle, and close when the count falls to zero.',
  },
  {
    id: 'reference-misuse',
    group: 'E8',
    severity: 'error',
    claim: 'Each reference is dropped once, by its owner, and not used afterwards.',
    hardware:
      'A reference that is dropped twice frees memory in use; one that is never dropped leaks it.',
    fix: 'Let each reference have one owner; dma_buf_fd passes it to the descriptor, and a failed call leaves it with the caller.',
  },
  {
    id: 'driver-contract',
    group: 'E9',
    severity: 'error',
    claim: "A driver's operations meet the contract of the dma-buf core, and complete.",
    hardware:
      'The core does not check the value: an oops, a wait that never ends, or a buffer that describes unrelated memory.',
    fix: 'Return a live mapping of the whole buffer for that device, or fail with an errno; throw and return nothing else.',
  },
  {
    id: 'out-of-range',
    group: 'F1',
    severity: 'error',
    claim:
      "Offsets and sizes stay within the descriptor's buffer, and a mapping begins at a page boundary.",
    hardware:
      'The CPU gets SIGBUS or EFAULT, mmap and framebuffers fail with EINVAL, or a device overwrites unrelated memory.',
    fix: 'Ask the descriptor for its size (lseek to the end) and check offset + pitch × height against it; never trust a declared size.',
  },
  {
    id: 'growable-mapping',
    group: 'F3',
    severity: 'error',
    claim: 'A mapping of a buffer cannot grow beyond the buffer.',
    hardware:
      'Without VM_DONTEXPAND, mremap grows the mapping after mmap has checked it: the new pages are unrelated memory.',
    fix: 'Set VM_DONTEXPAND in the mmap operation, and call mmap again for a longer mapping.',
  },
  {
    id: 'reservation-lock',
    group: 'G2',
    severity: 'error',
    claim:
      'The reservation lock is held for calls that require it, and not for calls that acquire it.',
    hardware:
      'Without the lock a move or another attach may intervene; a holder that acquires it again deadlocks.',
    fix: 'Take the lock with dma_resv_lock before map, pin and vmap, or call the _unlocked variant without it.',
  },
  {
    id: 'redundant-sync',
    group: 'C14',
    severity: 'lint',
    claim: 'SYNC is called only after a change of ownership.',
    hardware:
      'Every SYNC walks the lines of the whole buffer: about a millisecond for 64 MiB, without effect.',
    fix: 'Keep one CPU access open over the loads and stores that belong together.',
  },
  {
    id: 'whole-buffer-sync',
    group: 'C14',
    severity: 'lint',
    claim: 'A driver that knows the touched bytes syncs only these.',
    hardware:
      'The sync walks every line of the range: for 64 MiB about a millisecond, for 4 KiB less than a microsecond.',
    fix: 'Sync only the range: dma_sync_single_range_for_cpu and dma_sync_single_range_for_device.',
  },
  {
    id: 'uncached-read',
    group: 'C14',
    severity: 'lint',
    claim: 'A program that reads a large part of a buffer reads it through the cache.',
    hardware:
      'Each load waits for memory, and nothing is prefetched: reading takes 10 to 100 times as long as from cached memory, about 10 ms for a picture of 640 by 360.',
    fix: 'Let the device write into heap buffers, which are cached and synced at START. For pictures that the program draws, keep a copy in ordinary memory and read that.',
  },
  {
    id: 'bracket-order',
    group: 'C3',
    severity: 'lint',
    claim: 'A CPU access ends before the mapping whose bytes it covered is unmapped.',
    hardware:
      'It is harmless as long as the bytes are not touched in between, but the END belongs to an access that has already ended.',
    fix: 'Send END first, then munmap: with `using`, declare the mapping before the CPU access.',
  },
  {
    id: 'never-written',
    group: 'F1',
    severity: 'lint',
    claim: 'A device reads the bytes that were written, and not others beside them.',
    hardware:
      'The device reads the initial contents of the memory: zeros, which are black or green, or an earlier picture.',
    fix: 'Check offset, pitch and height of each plane against those of the writer: padded rows lie before the next plane.',
  },
  {
    id: 'never-read',
    group: 'E7',
    severity: 'lint',
    claim: 'A buffer that the program writes for a device is read.',
    hardware: 'The device still reads another buffer: the picture is stale, without any error.',
    fix: 'Key a cache of imported buffers by the buffer and not by its descriptor number, which is reused, and drop the entry when the buffer is closed.',
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
