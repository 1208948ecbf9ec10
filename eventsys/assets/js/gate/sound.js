// Two tones a result and a vibration, told apart without looking: up for yes, level for wait, down for no.
import { tone } from "./results.js";

const TONES = { good: [880, 1320], wait: [520, 520], stop: [330, 180] };
const BUZZ = { good: 80, wait: [80, 80, 80], stop: [300, 100, 300] };

export class Sound {
  #context = null;

  /** Browsers allow sound only after a tap or a key: call this from one. */
  unlock() {
    const Context = window.AudioContext ?? window.webkitAudioContext;
    if (!Context) return;
    this.#context ??= new Context();
    if (this.#context.state === "suspended") this.#context.resume();
  }

  play(result) {
    const kind = tone(result);
    navigator.vibrate?.(BUZZ[kind]);
    if (this.#context?.state !== "running") return;
    TONES[kind].forEach((frequency, index) => this.#beep(frequency, this.#context.currentTime + index * 0.14));
  }

  #beep(frequency, at) {
    const oscillator = this.#context.createOscillator();
    const volume = this.#context.createGain();
    oscillator.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.4, at + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.13);
    oscillator.connect(volume).connect(this.#context.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.14);
  }
}
