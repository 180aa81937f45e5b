import * as sync from '../../abi/sync-file.ts'
import { pointerTo, type Request } from './request.ts'

/** Source: include/uapi/linux/sync_file.h. */
export const syncFileRequests: readonly Request[] = [
  {
    name: 'SYNC_IOC_MERGE',
    request: sync.SYNC_IOC_MERGE,
    struct: sync.syncMergeData,
    waits: 'now',
    makes: (bytes) => sync.syncMergeData.over(bytes).fence,
    takes: () => [sync.syncMergeData.offsets.fd2],
    fails: 'EMFILE',
  },
  {
    name: 'SYNC_IOC_FILE_INFO',
    request: sync.SYNC_IOC_FILE_INFO,
    struct: sync.syncFileInfo,
    pointers: [
      pointerTo(sync.syncFileInfo, 'sync_fence_info', 'num_fences', sync.syncFenceInfo.size),
    ],
    waits: 'now',
    fails: 'ENOMEM',
  },
  {
    name: 'SYNC_IOC_SET_DEADLINE',
    request: sync.SYNC_IOC_SET_DEADLINE,
    struct: sync.syncSetDeadline,
    waits: 'now',
  },
]
