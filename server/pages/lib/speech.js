/**
 * Reads aloud with a voice of this device: kiosks sit on closed networks, and what people do is nobody else's. What is said
 * is always on the page too.
 */

let voice = null;

/** Tells "change" when a voice is there, or is no more. */
export const speech = new EventTarget();

/** Whether this device can read Chinese aloud by itself. */
export function canSpeak() {
  return voice !== null;
}

/** Reads aloud, in place of what is being read. */
export function speak(words) {
  hush();
  if (!voice) return;
  const utterance = new SpeechSynthesisUtterance(words);
  Object.assign(utterance, { voice, lang: voice.lang, rate: 0.9 });
  speechSynthesis.speak(utterance);
}

/** Is quiet. */
export function hush() {
  if (voice) speechSynthesis.cancel();
}

function find() {
  const own = speechSynthesis.getVoices().filter((each) => each.localService && /^(zh|cmn)\b/i.test(each.lang));
  voice = own.find((each) => /CN|Hans/i.test(each.lang)) ?? own[0] ?? null;
  speech.dispatchEvent(new Event("change"));
}

if ("speechSynthesis" in window) {
  find();
  speechSynthesis.addEventListener("voiceschanged", find);
}
