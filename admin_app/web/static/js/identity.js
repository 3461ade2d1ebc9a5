import { onceReleased } from "./release.js";

// An identity number tells the day of birth and the sex (GB 11643): they are filled in as soon as it is typed, where
// they are empty, and follow it as long as nobody else has filled them. A number that cannot be right is said so at
// once; the server decides all the same.
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

export function read(typed) {
  const number = typed.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
  if (!/^\d{17}[\dX]$/.test(number)) return { number, fault: number && `身份证号应为 18 位，现在是 ${number.length} 位。` };
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(number[place]), 0);
  const born = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`;
  const day = new Date(`${born}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== born) return { number, fault: "号码中的出生日期不存在，请核对。" };
  if ("10X98765432"[sum % 11] !== number[17]) return { number, fault: "校验位不对，请逐位核对。" };
  return { number, born, sex: Number(number[16]) % 2 ? "1" : "2" };
}

const [typed, birth, sex] = ["identity_number", "birth_date", "sex"].map((name) => document.getElementById(name));
const hint = document.getElementById("identity_number-hint");

if (typed && hint) {
  const advice = hint.textContent;
  const own = new Map();  // what a number has filled in
  const say = (words, fault) => onceReleased(() => {
    hint.textContent = words;
    hint.classList.toggle("hint-fault", Boolean(fault));
  });
  hint.setAttribute("role", "status");
  typed.addEventListener("change", () => {
    const { number, fault, born, sex: code } = read(typed.value);
    if (fault || !number) return void say(fault || advice, fault);
    typed.value = number;
    const given = [[birth, born], [sex, code]].filter(([field]) => field);
    for (const [field, value] of given) {
      if (field.value && field.value !== own.get(field)) continue;
      field.value = value;
      own.set(field, value);
    }
    const agrees = given.every(([field, value]) => field.value === value);
    say(agrees ? `${born} 出生，${code === "1" ? "男" : "女"}` : "与填写的出生日期或性别不一致，请核对。", !agrees);
  });
}
