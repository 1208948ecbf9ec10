// Frames from the rear camera to the decoding worker, one at a time, as fast as they come. Where the browser can, the
// worker reads the pixels too, so that the page is never held up.
const FRAME_EVERY_MS = 33; // where the browser does not say when there is a new one
const THOROUGH_EVERY = 6; // frames: most are looked at quickly, now and then one for as long as it takes
const LONGEST_SIDE = 1280;
const GONE_AFTER_MS = 3000;

export class Camera {
  #video;
  #decoderUrl;
  #found;
  #worker = null;
  #stream = null;
  #canvas = document.createElement("canvas");
  #seen = new Map();
  #waiting = false;
  #frames = 0;
  #torch = false;

  constructor(video, decoderUrl, found) {
    this.#video = video;
    this.#decoderUrl = decoderUrl;
    this.#found = found;
  }

  async start() {
    this.#stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#worker = new Worker(this.#decoderUrl);
    this.#worker.onmessage = ({ data }) => {
      this.#waiting = false;
      if (data) this.#notice(data);
    };
    this.#worker.onerror = () => (this.#waiting = false);
    this.#waiting = false;
    this.#next();
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#worker?.terminate();
    this.#stream = this.#worker = this.#video.srcObject = null;
    this.#torch = false;
  }

  get hasTorch() {
    return Boolean(this.#stream?.getVideoTracks()[0]?.getCapabilities?.().torch);
  }

  toggleTorch() {
    this.#torch = !this.#torch;
    this.#stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [{ torch: this.#torch }] });
    return this.#torch;
  }

  #next() {
    if (!this.#stream) return;
    const again = () => this.#frame();
    // A frame callback fires only for new pictures; a hidden or older browser falls back to the timer.
    if (this.#video.requestVideoFrameCallback && !document.hidden) this.#video.requestVideoFrameCallback(again);
    else setTimeout(again, FRAME_EVERY_MS);
  }

  #frame() {
    const { videoWidth, videoHeight } = this.#video;
    if (this.#worker && !this.#waiting && videoWidth && !document.hidden) {
      const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
      const width = Math.round(videoWidth * scale);
      const height = Math.round(videoHeight * scale);
      this.#waiting = true;
      this.#frames += 1;
      const isThorough = this.#frames % THOROUGH_EVERY === 0;
      if (window.OffscreenCanvas && window.createImageBitmap) this.#hand(width, height, isThorough);
      else this.#draw(width, height, isThorough);
    }
    this.#next();
  }

  async #hand(width, height, isThorough) {
    try {
      const bitmap = await createImageBitmap(this.#video);
      if (this.#worker) this.#worker.postMessage({ bitmap, width, height, isThorough }, [bitmap]);
      else bitmap.close();
    } catch {
      this.#waiting = false; // no picture just now; the next one comes soon
    }
  }

  #draw(width, height, isThorough) {
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.#video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    this.#worker.postMessage({ width, height, data, isThorough }, [data.buffer]);
  }

  /** A code counts again once it has been out of sight for three seconds: a phone held still is one scan. */
  #notice(code) {
    const now = performance.now();
    const before = this.#seen.get(code) ?? -Infinity;
    this.#seen.set(code, now);
    if (this.#seen.size > 50) this.#seen.delete(this.#seen.keys().next().value);
    if (now - before > GONE_AFTER_MS) this.#found(code);
  }
}
