// expect: clean
// bytes: right everywhere
// The driver of B18, whose descriptors are mapped for both ways.
import type { Kernel } from 'dmabuf'
import {
  type DmaMapping,
  type Driver,
  type DriverContext,
  type IoctlCall,
  iowr,
  KernelError,
  type KernelMemory,
} from 'dmabuf/driver'

/** Four numbers in, their sum in place of the first. */
const ADD = iowr('V', 0, 16)
const SIZE = 64
/** Where in a descriptor the device puts its result. */
const RESULT = 16

/** The device's side: it fetches the descriptor, and writes the result back. */
function execute(context: DriverContext, mapping: DmaMapping): void {
  const words = new Int32Array(4)
  const fetch = context.startJob(mapping, 'read')
  fetch.load(0, new Uint8Array(words.buffer))
  fetch.finish()
  const result = Int32Array.of(words.reduce((total, word) => total + word, 0))
  const write = context.startJob(mapping, 'write', { start: RESULT, end: RESULT + 4 })
  write.store(RESULT, new Uint8Array(result.buffer))
  write.finish()
}

/** May sleep: hands the descriptor to the device and waits for its interrupt. */
async function add(
  context: DriverContext,
  descriptor: KernelMemory,
  words: Uint8Array,
): Promise<Uint8Array> {
  const { dma } = context
  descriptor.fill(0)
  descriptor.store(0, words)
  const mapping = dma.mapSingle('adder', descriptor, 0, SIZE, 'bidirectional')
  if (dma.mappingError(mapping)) throw new KernelError('ENOMEM', 'the descriptor is not mapped')
  await context.sleep(1000)
  execute(context, mapping)
  dma.unmapSingle(mapping, SIZE, 'bidirectional')
  const result = new Uint8Array(4)
  descriptor.load(RESULT, result)
  return result
}

const adder: Driver = {
  name: 'adder driver',
  probe(context) {
    context.registerDevice('adder')
    const open = () => {
      const descriptor = context.kmalloc(SIZE, 'descriptor')
      return {
        async ioctl({ request, argument }: IoctlCall): Promise<number> {
          if (request !== ADD) throw new KernelError('ENOTTY', 'ADD is known')
          const words = context.copyFromUser(argument, 16)
          context.copyToUser(argument, await add(context, descriptor, words))
          return 0
        },
        release: () => context.kfree(descriptor),
      }
    }
    context.miscRegister({ name: 'adder', open })
  },
}

export const drivers = [adder]

export default async function sums({ sys }: Kernel): Promise<(number | undefined)[]> {
  const device = sys.open('/dev/adder', 2)
  const found: (number | undefined)[] = []
  for (const words of [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]) {
    const argument = Int32Array.from(words)
    await sys.ioctl(device, ADD, { bytes: new Uint8Array(argument.buffer) })
    found.push(argument[0])
  }
  sys.close(device)
  return found
}
