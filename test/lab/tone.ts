const SAMPLE_RATE = 8000;
const HEADER = 44;

/** A WAV file (8 kHz, mono, 16 bits) of a sine tone, as baresip's aufile plays it. */
export function toneWav(frequency: number, seconds: number): Buffer {
  const samples = SAMPLE_RATE * seconds;
  const wav = Buffer.alloc(HEADER + samples * 2);
  wav.write("RIFF", 0, "latin1");
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(SAMPLE_RATE, 24);
  wav.writeUInt32LE(SAMPLE_RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n++) {
    const value = Math.round(12_000 * Math.sin((2 * Math.PI * frequency * n) / SAMPLE_RATE));
    wav.writeInt16LE(value, HEADER + n * 2);
  }
  return wav;
}

/**
 * The share of a recording's power that lies at one frequency, 0 to 1 (Goertzel's algorithm over each 20 ms).
 *
 * @param wav a recording as toneWav describes it; its header may be unfinished, as of a process that was killed
 * @returns the share within those 20 ms pieces that are not silent, and how many of those there are
 */
export function toneIn(wav: Buffer, frequency: number): { readonly share: number; readonly pieces: number } {
  const length = SAMPLE_RATE / 50;
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  let pieces = 0;
  let atFrequency = 0;
  let total = 0;
  for (let start = HEADER; start + length * 2 <= wav.length; start += length * 2) {
    let before = 0;
    let last = 0;
    let power = 0;
    for (let n = 0; n < length; n++) {
      const sample = wav.readInt16LE(start + n * 2);
      [before, last] = [last, sample + coefficient * last - before];
      power += sample * sample;
    }
    if (power < length * 1000 * 1000) continue;
    pieces++;
    total += power;
    // A pure tone of N samples has Goertzel power (N/2)^2 A^2 and sample power N/2 A^2.
    atFrequency += (before * before + last * last - coefficient * before * last) / (length / 2);
  }
  return { share: total > 0 ? atFrequency / total : 0, pieces };
}
