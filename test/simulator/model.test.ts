/** The pure parts of the simulated camera: clips, stamps, packets, faults. */
import test from 'ava';
import { createH264Depacketizer } from '../../src/media/rtp/depacketize-h264.ts';
import { createH265Depacketizer } from '../../src/media/rtp/depacketize-h265.ts';
import { createPacketView, readPacket } from '../../src/media/rtp/packet.ts';
import { loadScene, SCENES } from '../../src/simulator/assets.ts';
import { counterShowing, readBarCode } from '../../src/simulator/bar-code.ts';
import { accessUnitAt, counterAt, isKeyAt, movedToKey } from '../../src/simulator/camera-model.ts';
import { crcOf, parseAdtsClip, parseVideoClip, splitAnnexB } from '../../src/simulator/clip.ts';
import { faultOf, healthy, parseFault, withFault } from '../../src/simulator/faults.ts';
import { createRandom as createPacketRandom, disturb, worn } from '../../src/simulator/packet-faults.ts';
import { packetizeH264 } from '../../src/simulator/rtp-packetizer-h264.ts';
import { packetizeH265 } from '../../src/simulator/rtp-packetizer-h265.ts';
import { createNumbering, encodeRtp, MAX_PAYLOAD, modulo32 } from '../../src/simulator/rtp-packetizer.ts';
import { encodeStamp, parseStamp } from '../../src/simulator/stamp.ts';
import { createThrottle, MAX_WAITING } from '../../src/simulator/throttle.ts';
import { collectUnits } from '../support/collect-units.ts';
import { forSeeds } from '../support/seeded-random.ts';

test('every committed scene is ten seconds with a key frame every two, in three sizes', async (t) => {
  for (const scene of SCENES.keys()) {
    const clips = await loadScene(scene);
    for (const clip of [clips.main, clips.sub, clips.other]) {
      t.is(clip.accessUnits.length, 250);
      t.deepEqual(
        clip.accessUnits.flatMap(({ key }, at) => (key ? [at] : [])),
        [0, 50, 100, 150, 200],
      );
    }
    t.is(clips.audio?.sampleRate, 16_000);
    t.is(Buffer.from(clips.audio?.config ?? []).toString('hex'), '1408');
  }
});

test('a stamp survives encoding for both codecs, zeros and all', (t) => {
  forSeeds(300, (random) => {
    const stamp = {
      cameraId: `cam-${random.int(0, 999)}`,
      stream: random.pick(['main', 'sub'] as const),
      counter: random.pick([0, 1, 256, 65_536, 2 ** 40, random.int(0, 2 ** 31)]),
      wallMicros: random.pick([0, 1_767_225_600_000_000, random.int(0, 2 ** 31)]),
      crc: random.pick([0, 1, 0xffff_ffff, random.int(0, 2 ** 31)]),
    };
    for (const codec of ['h264', 'h265'] as const) {
      const nal = encodeStamp(codec, stamp);
      t.deepEqual(parseStamp(codec, nal), stamp);
      t.false(Buffer.from(nal).includes(Buffer.from([0, 0, 1])), 'no start code inside');
    }
  });
});

test('random bytes are no stamp and do not throw', (t) => {
  forSeeds(2000, (random) => {
    const bytes = random.bytes(random.int(0, 120));
    if (bytes.length > 0 && random.chance(0.5)) bytes[0] = random.pick([6, 0x4e]);
    t.is(parseStamp('h264', bytes), undefined);
    t.is(parseStamp('h265', bytes), undefined);
  });
});

test('random bytes as clips are refused or cut, never worse', (t) => {
  forSeeds(500, (random) => {
    const bytes = random.bytes(random.int(0, 400)).map((byte) => (random.chance(0.6) ? byte & 1 : byte));
    splitAnnexB(bytes);
    t.throws(() => parseVideoClip(bytes, 'h264', 25), { name: 'UnderstudyError' });
    try {
      parseAdtsClip(bytes);
    } catch (error) {
      t.is((error as Error).name, 'UnderstudyError');
    }
  });
  t.pass();
});

test('the counter is a function of time and the clip loops behind it', async (t) => {
  const { main } = await loadScene(0);
  const model = { cameraId: 'cam-1', stream: 'main', origin: 1000 } as const;
  t.is(counterAt(main, 0), 0);
  t.is(counterAt(main, 39.9), 0);
  t.is(counterAt(main, 40), 1);
  t.is(counterAt(main, 3_600_000), 90_000);
  const [one, next] = [accessUnitAt(model, main, 3), accessUnitAt(model, main, 253)];
  t.deepEqual(one.nals.slice(1), next.nals.slice(1), 'same picture');
  t.is(parseStamp('h264', next.nals[0] ?? new Uint8Array())?.counter, 253);
  t.is(next.ticks, 253 * 3600);
  t.true(accessUnitAt(model, main, 250).key);
});

test('a key frame on request: the clip goes on from its next one, whatever the counter is', async (t) => {
  const { main } = await loadScene(0);
  t.is(movedToKey(main, 0, 0), 0, 'it is one already');
  for (const counter of [1, 7, 49, 251, 90_001]) {
    const moved = movedToKey(main, counter, 0);
    t.true(isKeyAt(main, counter, moved), String(counter));
    const again = movedToKey(main, counter + 3, moved);
    t.true(isKeyAt(main, counter + 3, again));
    t.is(
      parseStamp(
        'h264',
        accessUnitAt({ cameraId: 'cam-1', stream: 'main', origin: 0 }, main, counter, moved).nals[2] ??
          new Uint8Array(),
      )?.counter,
      counter,
    );
  }
});

for (const codec of ['h264', 'h265'] as const) {
  test(`${codec} packets of any NAL units come back the same through our depacketizer`, (t) => {
    forSeeds(150, (random) => {
      const header = (type: number) => (codec === 'h264' ? [0x60 | type] : [type << 1, 1]);
      const nal = (type: number, length: number, firstSlice: boolean) =>
        Uint8Array.from([
          ...header(type),
          firstSlice ? 0x80 | random.int(0, 127) : random.int(0, 127),
          ...random.bytes(length),
        ]);
      const sizes = [1, 20, MAX_PAYLOAD - 4, MAX_PAYLOAD - 3, MAX_PAYLOAD - 2, MAX_PAYLOAD, MAX_PAYLOAD * 3, 9000];
      const expected = Array.from({ length: 4 }, () => {
        const slices = Array.from({ length: random.int(1, 3) }, (_, at) => nal(1, random.pick(sizes), at === 0));
        const sei = codec === 'h264' ? 6 : 39;
        return random.chance(0.5)
          ? [nal(sei, random.int(2, 60), false), nal(sei, random.pick(sizes), false), ...slices]
          : slices;
      });
      const numbering = createNumbering(96, 1, 65_530);
      const collected = collectUnits();
      const make = codec === 'h264' ? createH264Depacketizer : createH265Depacketizer;
      const depacketizer = make(collected.sink);
      const view = createPacketView();
      expected.forEach((nals, at) => {
        for (const payload of (codec === 'h264' ? packetizeH264 : packetizeH265)(nals)) {
          const packet = encodeRtp(numbering, at * 3600, payload);
          t.true(packet.length <= 12 + MAX_PAYLOAD);
          t.true(readPacket(view, packet, 0, packet.length));
          depacketizer.push(view, at * 3600, false);
        }
      });
      t.deepEqual(
        collected.intact().map(({ nals }) => nals.map((bytes) => Buffer.from(bytes).toString('hex'))),
        expected.map((nals) => nals.map((bytes) => Buffer.from(bytes).toString('hex'))),
      );
    });
  });
}

test('time stamps are reduced to 32 bits from both sides', (t) => {
  t.is(modulo32(2 ** 32), 0);
  t.is(modulo32(-1), 2 ** 32 - 1);
  t.is(modulo32(2 ** 40 + 5), 5);
});

test('a fault lasts as long as ordered, and heal ends all but the size of the picture', (t) => {
  const stalled = withFault(healthy, { kind: 'stall', seconds: 2 }, 1000);
  t.truthy(faultOf(stalled, 'stall', 2999));
  t.is(faultOf(stalled, 'stall', 3000), undefined);
  const both = withFault(withFault(stalled, { kind: 'mute' }, 0), { kind: 'resolution', variant: 'other' }, 0);
  const healed = withFault(both, { kind: 'heal' }, 1500);
  t.is(faultOf(healed, 'stall', 1500), undefined);
  t.is(faultOf(healed, 'mute', 1500), undefined);
  t.truthy(faultOf(healed, 'resolution', 1500));
});

test('orders from outside are checked', (t) => {
  t.is(parseFault({ kind: 'drop', ratio: 0.5 }).kind, 'fault');
  for (const wrong of [null, 3, {}, { kind: 'explode' }, { kind: 'drop', ratio: 2 }, { kind: 'stall', more: 1 }]) {
    t.is(parseFault(wrong).kind, 'wrong');
  }
});

test('packets are lost, doubled and reordered exactly as ordered', (t) => {
  const packets = Array.from({ length: 10 }, (_, at) => Uint8Array.of(at));
  const numbers = (burst: { readonly packets: readonly Uint8Array[] }) => burst.packets.map(([first]) => first);
  const random = createPacketRandom(1);
  const play = (state: typeof healthy, sent = 0) => disturb(packets, { state, at: 0, random, sent });
  t.deepEqual(play(healthy), { packets, whole: true });
  const next = withFault(healthy, { kind: 'drop-next', packets: 3 }, 0);
  t.deepEqual(numbers(play(next)), [3, 4, 5, 6, 7, 8, 9]);
  t.false(play(next).whole);
  t.is(faultOf(worn(next, 2, 0), 'drop-next', 0)?.packets, 1);
  t.is(faultOf(worn(next, 3, 0), 'drop-next', 0), undefined);
  t.deepEqual(numbers(play(withFault(healthy, { kind: 'reorder', every: 5 }, 0))), [1, 0, 2, 3, 4, 6, 5, 7, 8, 9]);
  t.deepEqual(
    numbers(play(withFault(healthy, { kind: 'duplicate', every: 4 }, 0))),
    [0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9],
  );
  t.is(play(withFault(healthy, { kind: 'drop', ratio: 1 }, 0)).packets.length, 0);
  const noisy = play(withFault(healthy, { kind: 'noise' }, 0));
  t.false(noisy.whole);
  t.is(noisy.packets.length, 10);
});

test('a narrow way out delays, then skips, and recovers', (t) => {
  const throttle = createThrottle();
  const sent: number[] = [];
  for (let at = 0; at < 200; at += 1) throttle.push(1000, at * 40, 1000, () => void sent.push(at));
  t.true(sent.length >= 7 && sent.length <= 11, `${sent.length} in 8 s`);
  throttle.drain(8001, undefined);
  t.true(sent.length <= 11 + MAX_WAITING);
  throttle.push(undefined, 8002, 1000, () => void sent.push(999));
  t.is(sent.at(-1), 999);
  t.deepEqual(
    sent,
    [...sent].sort((a, b) => a - b),
  );
});

test('the bar code is read from a picture, and a damaged one is not', (t) => {
  for (let number = 0; number < 250; number += 1) {
    const bits = number.toString(2).padStart(8, '0').split('').map(Number);
    const cells = [1, 0, ...bits, bits.reduce((sum, bit) => sum ^ bit, 0), 1];
    const [width, height] = [120, 16];
    const data = new Uint8Array(width * height).map((_, at) => (cells[Math.floor((at % width) / 8)] ? 220 : 20));
    t.is(readBarCode({ width, height, channels: 1, data }), number);
    const inverted = data.map((value) => 240 - value);
    t.is(readBarCode({ width, height, channels: 1, data: inverted }), undefined);
  }
  t.is(counterShowing(3, 1004, 250), 1003);
  t.is(counterShowing(249, 1000, 250), 999);
});

test('a slice that is altered no longer fits its CRC', async (t) => {
  const { main } = await loadScene(1);
  const unit = main.accessUnits[7];
  t.is(crcOf(unit?.slices ?? []), unit?.crc ?? -1);
  t.not(crcOf((unit?.slices ?? []).map((slice) => slice.map((byte, at) => (at === 9 ? byte ^ 1 : byte)))), unit?.crc);
});
