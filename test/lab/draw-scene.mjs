/**
 * Draws one of the simulated camera's scenes as raw RGB24 frames on standard output: `draw-scene.mjs SCENE WIDTH HEIGHT`.
 * Every scene loops without a seam after 250 frames. The bottom left corner carries the frame's number as a bar code of twelve
 * cells of 8 x 8 pixels: white, black, eight bits (highest first), their parity, white. src/simulator/bar-code.ts reads it.
 */
const FRAMES = 250;
const [scene = 'street', widthText = '640', heightText = '360'] = process.argv.slice(2);
const width = Number(widthText);
const height = Number(heightText);
const scale = width / 640;
const frame = Buffer.alloc(width * height * 3);

const hex = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));
const mix = (a, b, share) => a.map((value, at) => value + (b[at] - value) * share);
const wave = (phase, times = 1, shift = 0) => Math.sin((phase * times + shift) * 2 * Math.PI);

function rect(x, y, w, h, color) {
  const x0 = Math.max(0, Math.round(x * scale));
  const x1 = Math.min(width, Math.round((x + w) * scale));
  const y0 = Math.max(0, Math.round(y * scale));
  const y1 = Math.min(height, Math.round((y + h) * scale));
  for (let row = y0; row < y1; row += 1)
    for (let column = x0; column < x1; column += 1) frame.set(color, (row * width + column) * 3);
}
function disc(cx, cy, radius, color, squash = 1) {
  for (let y = -radius; y <= radius; y += 0.5 / scale) {
    const half = Math.sqrt(Math.max(0, radius * radius - y * y));
    rect(cx - half, cy + y * squash, 2 * half, 1 / scale, color);
  }
}
function sky(top, bottom, from, to) {
  for (let y = from; y < to; y += 4) rect(0, y, 640, 4, mix(top, bottom, (y - from) / (to - from)));
}
function person(x, y, phase, coat) {
  const step = wave(phase, 20) * 5;
  rect(x - 5 - step, y + 26, 5, 20, hex('#2b2f3a'));
  rect(x + step, y + 26, 5, 20, hex('#2b2f3a'));
  rect(x - 8, y, 16, 28, coat);
  disc(x, y - 8, 7, hex('#d9a98a'));
}
function car(x, y, color, right) {
  rect(x, y, 96, 24, color);
  rect(x + 20, y - 18, 54, 18, mix(color, [20, 24, 30], 0.6));
  rect(right ? x + 92 : x, y + 4, 4, 6, hex('#ffe9a8'));
  for (const wheel of [20, 74]) disc(x + wheel, y + 24, 9, hex('#16181d'));
}

const SCENES = {
  street: {
    background() {
      sky(hex('#7fa7cf'), hex('#d8e4ec'), 0, 168);
      [[0, 70, '#8d7b6f'], [110, 40, '#a58f7f'], [230, 84, '#7c8791'], [360, 52, '#9a8577'], [500, 66, '#86796d']].forEach(([x, y, color]) => {
        rect(x, y, 132, 170 - y, hex(color));
        for (let wx = x + 12; wx < x + 120; wx += 28) for (let wy = y + 12; wy < 150; wy += 28) rect(wx, wy, 14, 16, hex('#46525f'));
      });
      rect(0, 168, 640, 34, hex('#b9b6ae'));
      rect(0, 202, 640, 158, hex('#4c5057'));
      for (let x = 10; x < 640; x += 80) rect(x, 276, 44, 5, hex('#e8e4d2'));
    },
    move(p) {
      person(((p * 640 + 100) % 700) - 30, 150, p, hex('#a8433f'));
      person(640 - (((p * 640 + 420) % 700) - 30), 158, p, hex('#3f6ea8'));
      car(((p * 1600) % 800) - 130, 222, hex('#c2493d'), true);
      car(((p * 800 + 380) % 800) - 130, 232, hex('#e3e5e8'), true);
      car(670 - ((p * 1600 + 300) % 800), 304, hex('#2f5f8f'), false);
    },
  },
  entrance: {
    background() {
      rect(0, 0, 640, 250, hex('#cfc4b4'));
      rect(0, 250, 640, 110, hex('#8f8a83'));
      for (let x = 0; x < 640; x += 64) rect(x, 250, 2, 110, hex('#7d7872'));
      rect(0, 304, 640, 2, hex('#7d7872'));
      rect(244, 60, 152, 192, hex('#5a4334'));
      rect(252, 68, 136, 184, hex('#7b5b45'));
      rect(372, 156, 8, 14, hex('#d6b65c'));
      rect(60, 80, 120, 100, hex('#f1ede4'));
      rect(66, 86, 108, 88, hex('#7393a8'));
      rect(460, 80, 120, 100, hex('#f1ede4'));
      rect(466, 86, 108, 88, hex('#7393a8'));
      rect(196, 210, 30, 42, hex('#9c5a3c'));
      rect(414, 210, 30, 42, hex('#9c5a3c'));
    },
    move(p) {
      for (const x of [211, 429]) for (let leaf = 0; leaf < 5; leaf += 1) disc(x - 16 + leaf * 8 + wave(p, 3, leaf / 5) * 2, 198 - (leaf % 2) * 14, 11, hex('#4f7f4a'));
      disc(320, 30, 10, mix(hex('#fff3c4'), hex('#e0c878'), (wave(p, 2) + 1) / 2));
      const path = p < 0.5 ? p * 2 : 2 - p * 2;
      person(40 + path * 540, 206 + wave(p, 40) * 1, p, hex('#3c7a68'));
      rect(20 + ((p * 640) % 640), 330, 26, 9, hex('#5b4a3e'));
      disc(46 + ((p * 640) % 640), 328, 6, hex('#5b4a3e'));
    },
  },
  garden: {
    background() {
      sky(hex('#0d1526'), hex('#273a58'), 0, 190);
      for (let star = 0; star < 40; star += 1) rect((star * 97) % 640, (star * 53) % 150, 2, 2, hex('#b8c4dc'));
      disc(540, 56, 24, hex('#efe9cf'));
      rect(0, 190, 640, 170, hex('#1c3226'));
      rect(0, 176, 640, 5, hex('#3b3f45'));
      for (let x = 0; x < 640; x += 24) rect(x, 160, 6, 40, hex('#3b3f45'));
      rect(40, 90, 170, 120, hex('#2b3038'));
      rect(70, 120, 44, 40, hex('#e6bf62'));
      rect(140, 120, 44, 40, hex('#39424f'));
      rect(520, 120, 14, 110, hex('#2d241d'));
    },
    move(p) {
      for (let ball = 0; ball < 6; ball += 1) disc(497 + ball * 12 + wave(p, 2, ball / 6) * 4, 118 - (ball % 3) * 22, 24, mix(hex('#24452f'), hex('#2f5a3c'), (ball % 3) / 3));
      const x = ((p * 760 + 60) % 760) - 60;
      disc(x, 280, 20, hex('#8a5a34'), 0.55);
      disc(x + 22, 270 + wave(p, 25) * 2, 9, hex('#9a673d'));
      for (const leg of [-10, -4, 6, 12]) rect(x + leg + wave(p, 25, leg / 10) * 3, 286, 3, 14, hex('#6e4526'));
      for (let fly = 0; fly < 8; fly += 1) disc(120 + fly * 60 + wave(p, 2, fly / 8) * 30, 240 + wave(p, 3, fly / 3) * 30, 2, hex('#d9e87a'));
      if (wave(p, 1) > 0.6) rect(140, 120, 44, 40, hex('#d6a94f'));
    },
  },
  warehouse: {
    background() {
      rect(0, 0, 640, 360, hex('#70777f'));
      rect(0, 230, 640, 130, hex('#a3a199'));
      for (let y = 40; y < 230; y += 60) {
        rect(20, y + 50, 600, 8, hex('#d07a2d'));
        for (let x = 30; x < 600; x += 46) if ((x * 7 + y) % 5 > 0) rect(x, y + 50 - 24 - ((x + y) % 16), 36, 24 + ((x + y) % 16), mix(hex('#b58a5a'), hex('#8c6a47'), ((x * 3 + y) % 10) / 10));
      }
      for (let x = 20; x < 640; x += 150) rect(x, 30, 8, 220, hex('#3d5a7d'));
      rect(0, 296, 640, 4, hex('#e3c64a'));
    },
    move(p) {
      const x = p < 0.5 ? p * 2 * 480 : (2 - p * 2) * 480;
      const lift = 226 - Math.max(0, wave(p, 2)) * 50;
      rect(x + 20, 200, 8, 76, hex('#3a3f46'));
      rect(x - 10, lift + 36, 36, 6, hex('#3a3f46'));
      rect(x - 12, lift + 4, 34, 32, hex('#b58a5a'));
      rect(x + 28, 232, 70, 44, hex('#e0b02f'));
      rect(x + 44, 196, 40, 36, hex('#4a535e'));
      for (const wheel of [42, 84]) disc(x + wheel, 276, 11, hex('#1c1e22'));
      disc(x + 64, 190, 4, wave(p, 20) > 0 ? hex('#ff8b2b') : hex('#7a4a20'));
      person(640 - ((p * 680) % 680), 290, p, hex('#d8e03a'));
    },
  },
};

function barCode(number) {
  const bits = Array.from({ length: 8 }, (_, bit) => (number >> (7 - bit)) & 1);
  const cells = [1, 0, ...bits, bits.reduce((sum, bit) => sum ^ bit, 0), 1];
  cells.forEach((on, cell) => {
    for (let row = height - 8; row < height; row += 1)
      for (let column = cell * 8; column < cell * 8 + 8; column += 1)
        frame.fill(on ? 224 : 24, (row * width + column) * 3, (row * width + column) * 3 + 3);
  });
}

const chosen = SCENES[scene];
if (chosen === undefined) throw new Error(`no scene is called ${scene}; there are: ${Object.keys(SCENES).join(' ')}`);
chosen.background();
const background = Buffer.from(frame);
for (let number = 0; number < FRAMES; number += 1) {
  background.copy(frame);
  chosen.move(number / FRAMES);
  barCode(number);
  if (!process.stdout.write(Buffer.from(frame))) await new Promise((resolve) => process.stdout.once('drain', resolve));
}
