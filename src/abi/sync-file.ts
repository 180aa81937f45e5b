import { pointer, s32, u32, u64 } from './field.ts'
import { text } from './field-kinds.ts'
import { iow, iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** Bytes of a name in these structures, its NUL among them. */
export const SYNC_FILE_NAME_LEN = 32

/** `struct sync_merge_data` */
export interface SyncMergeData {
  /** The new file's name, 31 bytes at most. */
  name: string
  /** The other sync file. */
  fd2: number
  /** Written by the kernel: the new sync file. */
  fence: number
  /** 0: none is defined. */
  flags: number
  pad: number
}
/** Layout of `struct sync_merge_data`. Source: include/uapi/linux/sync_file.h. */
export const syncMergeData: Struct<SyncMergeData> = struct('sync_merge_data', 48, {
  name: text(SYNC_FILE_NAME_LEN),
  fd2: s32,
  fence: s32,
  flags: u32,
  pad: u32,
})

/** `struct sync_fence_info`: one fence of a sync file. */
export interface SyncFenceInfo {
  /** The timeline's name. */
  obj_name: string
  driver_name: string
  /** 1: signalled; 0: not yet; below zero: signalled with that error. */
  status: number
  flags: number
  /** When it was signalled, by CLOCK_MONOTONIC in nanoseconds; 0 before. */
  timestamp_ns: number
}
/** Layout of `struct sync_fence_info`. Source: include/uapi/linux/sync_file.h. */
export const syncFenceInfo: Struct<SyncFenceInfo> = struct('sync_fence_info', 80, {
  obj_name: text(SYNC_FILE_NAME_LEN),
  driver_name: text(SYNC_FILE_NAME_LEN),
  status: s32,
  flags: u32,
  timestamp_ns: u64,
})

/** `struct sync_file_info` */
export interface SyncFileInfo {
  name: string
  /** As a fence's: of all of them together. */
  status: number
  /** 0: none is defined. */
  flags: number
  /** In: for how many fences there is room, 0 to ask how many there are. Out: how many. */
  num_fences: number
  pad: number
  /** Leads to `num_fences` of `sync_fence_info`. */
  sync_fence_info: number
}
/** Layout of `struct sync_file_info`. Source: include/uapi/linux/sync_file.h. */
export const syncFileInfo: Struct<SyncFileInfo> = struct('sync_file_info', 56, {
  name: text(SYNC_FILE_NAME_LEN),
  status: s32,
  flags: u32,
  num_fences: u32,
  pad: u32,
  sync_fence_info: pointer,
})

/** `struct sync_set_deadline`: a hint when the fences are wanted. */
export interface SyncSetDeadline {
  /** By CLOCK_MONOTONIC, in nanoseconds. */
  deadline_ns: number
  /** 0: none is defined. */
  pad: number
}
/** Layout of `struct sync_set_deadline`. Source: include/uapi/linux/sync_file.h. */
export const syncSetDeadline: Struct<SyncSetDeadline> = struct('sync_set_deadline', 16, {
  deadline_ns: u64,
  pad: u64,
})

/** Makes a sync file of the fences of two. EMFILE, EINVAL, ENOENT where `fd2` is none, ENOMEM. */
export const SYNC_IOC_MERGE: number = iowr('>', 3, syncMergeData.size)
/** Returns a sync file's name, status and fences. EINVAL if the array is too short, ENOMEM. */
export const SYNC_IOC_FILE_INFO: number = iowr('>', 4, syncFileInfo.size)
/** Says when a sync file's fences are wanted: a hint to their makers. EINVAL for a pad that is not 0. */
export const SYNC_IOC_SET_DEADLINE: number = iow('>', 5, syncSetDeadline.size)
