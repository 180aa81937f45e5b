import type { Board } from '../machine/board.ts'
import { pc } from './pc.ts'

/**
 * The PC booted with `swiotlb=force`: devices use bounce copies, so that bytes without a sync are
 * lost. Its caches are coherent, so it is judged as itself.
 */
export const pcBounce: Board = {
  ...pc,
  name: 'pc-bounce',
  description: 'coherent PC with swiotlb=force: every DMA goes through a bounce buffer',
  bounce: {
    // kernel/dma/swiotlb.c: 64 MiB unless the boot argument says otherwise. The place is an assumption:
    // a PC's pool lies below 4 GiB, and this board's RAM begins there.
    base: pc.ram.base,
    size: 64 * 2 ** 20,
    forced: true,
  },
  judgedAs: 'pc-bounce',
}
