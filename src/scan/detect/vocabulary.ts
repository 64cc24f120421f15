/**
 * The words that give a bare number its meaning, by topic, in the languages of the numbers they belong to. Folded as text.ts folds: lower
 * case, no accents; German umlauts are listed both ways. A phrase matches with any punctuation between its words.
 */
import { healthTerms } from './health-terms.ts';

export type Topic = keyof typeof topics;
export type Phrase = { readonly topic: Topic; readonly phrase: string; readonly rest: readonly string[] };

const topics = {
  /** Numbers that are something else: what stands right behind such a word is no identity number. */
  reference:
    list(`order, order number, order no, order id, invoice, invoice number, invoice no, ticket, ticket number, booking, tracking, tracking
    number, tracking id, parcel, shipment, shipping, flight, po, po number, purchase order, quote, quotation, part number, part no, model, serial,
    serial number, sku, isbn, ean, upc, gtin, build, commit, revision, hash, checksum, message id, session, request, request id, transaction id,
    reference number, article, artikel, bestellung, bestellnummer, bestell nr, auftrag, auftragsnummer, rechnung, rechnungsnummer, rechnungs nr, sendung, sendungsnummer,
    lieferung, lieferschein, commande, facture, colis, pedido, factura, envio, ordine, fattura, spedizione, bestelling, factuur, zamowienie, faktura,
    bestallning, tilaus, lasku`),
  phone:
    list(`phone, telephone, tel, mobile, mob, cell, cellphone, fax, call, call me, call us, hotline, whatsapp, sms, telefon, handy, rufnummer, mobil,
    telefonnummer, durchwahl, telefono, movil, cellulare, telephone portable, portable, gsm, telefoon, puhelin, phone number, dial, text me`),
  version:
    list(`version, versions, v, ver, release, rel, build, firmware, section, sections, chapter, paragraph, clause, sec, oid, schema, rev, revision, driver
    version, abschnitt, kapitel, patch, upgrade to, upgraded to`),

  network:
    list(`ip, ips, ipv, ip address, ip addresses, address, dns, host, server, gateway, subnet, netmask, ping, router, resolver, nameserver, proxy, network,
    traceroute, client, relay, firewall, vpn, adresse, serveur, servidor`),

  card: list(`card, cards, credit card, debit card, creditcard, debitcard, cardnumber, card number, cardholder, cc, ccnumber, visa, mastercard, amex,
    american express, discover, diners, maestro, jcb, unionpay, uatp, pan, payment card, kreditkarte, kreditkartennummer, karte, kartennummer, carte, carte
    bancaire, carte bleue, carte de credit, numero de carte, tarjeta, tarjeta de credito, carta di credito, carta, carta di debito, numero carta, creditcardnummer,
    karta, karty, numer karty, kort, kortnummer, kortti, cartao, cartao de credito`),
  expiry:
    list(`exp, expiry, expires, expiration, expiration date, exp date, expiry date, valid thru, valid through, valid until, good thru, gueltig bis, gultig bis,
    ablaufdatum, expire le, date d expiration, caducidad, fecha de caducidad, vence, scadenza, data di scadenza, vervaldatum, data waznosci`),
  cvv: list(`cvv, cvc, cid, csc, security code, card verification, verification code, cvn, prufziffer, pruefziffer, kartenprufnummer, kartenpruefnummer,
    cryptogramme, code de securite, codigo de seguridad, codice di sicurezza`),
  cardholder:
    list(`cardholder, card holder, name on card, cardholder name, karteninhaber, titulaire, titulaire de la carte, titular, titular de la tarjeta, titolare,
    titolare della carta, kaarthouder, billing address, billing zip`),

  ssn: list(`ssn, ssns, ssn number, soc sec, social security, social security number, social security no, social security num, socialsecurity, socialsecuritynumber,
    social sec, social, ss, ss number, ssid, ss no, taxpayer id, taxpayer identification, tax id, tin, federal id, numero de seguro social, seguro social`),
  itin: list(
    `itin, itins, individual taxpayer, taxpayer id, taxpayer identification, taxpayer number, tax id, taxid, tin, tax number`,
  ),
  npi: list(`npi, npi number, nppes, national provider, provider id, provider identifier, provider number, provider, prescriber, physician, physician id, rendering
    provider, referring provider, billing provider, practitioner, clinician`),
  mbi: list(
    `mbi, medicare, medicare id, medicare number, medicare beneficiary, beneficiary, beneficiary id, hicn, cms`,
  ),
  dea: list(`dea, dea number, dea no, dea registration, drug enforcement, prescriber, medical license, medical licence, registration number, certificate number, controlled
    substance`),
  aba: list(`aba, aba number, routing, routing number, routing no, routing transit, rtn, transit number, bank routing, wire, ach, wire transfer, fedwire, bankrouting,
    routingnumber, abarouting`),
  icd: list(`icd, icd code, icd codes, diagnosis, diagnoses, diagnosis code, diagnosis codes, diagnosed, diagnosed with, dx, diagnostic code, primary diagnosis, secondary diagnosis,
    diag, diagnose, diagnosen, diagnoseschlussel, diagnoseschluessel, hauptdiagnose, nebendiagnose, diagnostic, diagnostico, diagnostica, diagnostics, codigo diagnostico, diagnosi,
    cim, cie, hoofddiagnose, rozpoznanie, diagnoosi, assessment, condition code`),
  cpt: list(`cpt, cpts, cpt code, cpt codes, hcpcs, procedure code, procedure codes, billing code, billing codes, service code, service codes, billed, current procedural terminology, proc code,
    e m code`),
  mrn: list(`mrn, mrns, medical record, medical record number, medical record no, med rec, med rec no, medical rec no, medrec, health record number, patient id, patientid, patient number, patient no,
    patient num, patient identifier, pat id, patid, chart number, chart no, hospital number, hospital no, unit number, record number, record no, medical id, account mrn, patientennummer, patientennr, patienten nr,
    patienten id, patientenid, pat nr, fallnummer, fall nr, aufnahmenummer, krankenakte, krankenaktennummer, numero de dossier, dossier patient, dossier medical, numero de dossier medical, ipp, numero patient,
    historia clinica, numero de historia clinica, numero de historia, nhc, no de expediente, numero de expediente, expediente clinico, cartella clinica, numero cartella clinica, numero di cartella,
    codice paziente, id paziente, patientnummer, patientnr, dossiernummer, numer pacjenta, nr pacjenta, historia choroby, potilasnumero, journalnummer, numero de processo, numero de utente`),
  birth:
    list(`dob, d o b, date of birth, birth date, birthdate, birthday, born, born on, birth dt, bdate, b day, dateofbirth, geb, geboren, geboren am, geburtsdatum, geburtstag, geb datum, geb dat, ne le, nee le,
    date de naissance, naissance, ddn, fecha de nacimiento, nacido, nacida, nacido el, nacida el, nacimiento, f nac, nato il, nata il, nato a, data di nascita, nascita, geboortedatum, geboren op, data urodzenia,
    urodzony, urodzona, ur, syntymaaika, syntynyt, fodelsedatum, fodd, fodselsdato, fodt, data de nascimento, nascido, nascida, nascimento`),
  passport:
    list(`passport, passports, passport number, passport no, passportnumber, passport id, travel document, travel document number, us passport, reisepass, reisepassnummer, reisepass nr, passnummer, pass nr, pass nummer,
    ausweis, ausweisnummer, passeport, numero de passeport, pasaporte, numero de pasaporte, pasaporte numero, passaporto, numero di passaporto, numero passaporto, paspoort, paspoortnummer, paszport, numer paszportu,
    nr paszportu, passi, passin numero, passinumero, passaporte, numero do passaporte`),
  driving:
    list(`driver license, drivers license, driver s license, driver licence, drivers licence, driver s licence, driving license, driving licence, driver license number, drivers license number, driver s license number,
    driver licence number, driving licence number, driving license number, dl, dln, dl number, dl no, driverslicense, driverlicense, driver id, driver permit,
    fuhrerschein, fuehrerschein, fuhrerscheinnummer, fuehrerscheinnummer, fuhrerschein nr, fuehrerschein nr, fahrerlaubnis, fahrerlaubnisnummer, permis, permis de conduire, numero de permis, carnet de conducir,
    permiso de conducir, licencia de conducir, patente, patente di guida, numero patente, rijbewijs, rijbewijsnummer, prawo jazdy, prawa jazdy, korkort, korkortsnummer, ajokortti, carta de conducao`),

  /** Alone too weak for a number of any form. */
  licence: list(`license, licence, license number, licence number, permit`),

  nhs: list(
    `nhs, nhs number, nhs no, nhs id, national health service, chi number, chi, health service number, patient, hospital, gp`,
  ),
  germanTax:
    list(`steuer id, steuerid, steueridentifikationsnummer, steuer identifikationsnummer, identifikationsnummer, idnr, id nr, steuernummer, steuerliche identifikationsnummer, tin, tax id, tax identification, tax number,
    steuer idnr, steuer`),
  germanHealth:
    list(`kvnr, krankenkasse, krankenversicherung, krankenversichertennummer, krankenversicherungsnummer, versichertennummer, versicherten nr, versichertennr, egk, gesundheitskarte, kv nummer, kv nr, health insurance,
    insurance number, versicherungsnummer, versichert`),
  spanish: list(`dni, nif, nie, documento nacional, documento, identidad, identificacion fiscal, extranjero, cif`),
  bsn: list(
    `bsn, burgerservicenummer, burger service nummer, burgerservice nummer, sofinummer, sofi nummer, sofi, bsn nummer, bsn nr, citizen service number`,
  ),
  pesel: list(`pesel, nr pesel, numer pesel`),
  personnummer: list(
    `personnummer, personnr, pnr, personal number, personal identity number, personal identity code, personal identity, samordningsnummer, swedish id, swedish personal`,
  ),
  /** A person is named right behind. */
  patient: list(
    `patient, patient name, name of patient, pt name, patient s name, patientin, patientenname, nom du patient, paciente, nombre del paciente, nombre paciente, paziente, nome paziente, nome del paziente, naam patient`,
  ),
  health: healthTerms,
} as const;

/** All phrases by their first word, the longest first. */
export const phrases: ReadonlyMap<string, readonly Phrase[]> = index();

function list(commaSeparated: string): readonly string[] {
  return commaSeparated.split(',').map((phrase) => phrase.trim().split(/\s+/).join(' '));
}

function index(): Map<string, Phrase[]> {
  const all = new Map<string, Phrase[]>();
  for (const topic of Object.keys(topics).filter((key): key is Topic => key in topics))
    for (const phrase of topics[topic]) {
      const [first = '', ...rest] = phrase.split(' ');
      const same = all.get(first);
      if (same === undefined) all.set(first, [{ topic, phrase, rest }]);
      else same.push({ topic, phrase, rest });
    }
  for (const same of all.values()) same.sort((a, b) => b.rest.length - a.rest.length);
  return all;
}
