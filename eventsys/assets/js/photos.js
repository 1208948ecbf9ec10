// Photos are made small before they are sent: ten megabytes are slow in a lift.
const LONGEST_SIDE = 1600;

async function shrink(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
}

const field = document.querySelector("[data-shrink]");
field?.addEventListener("change", async () => {
  const button = field.form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    const small = new DataTransfer();
    for (const file of field.files) small.items.add(await shrink(file));
    field.files = small.files;
  } catch {
    // a kind this browser cannot draw: the server says what it takes
  } finally {
    button.disabled = false;
  }
});
