/**
 * Words that tell of a person's health: diseases, findings, treatments, medicines. English, German, French, Spanish, Italian, with some Dutch,
 * Polish and Swedish. Left out on purpose: words of appointments, departments and insurance ("clinic", "cardiology", "referral", "copay"), which
 * ordinary mail is full of, and words with a common second meaning ("virus", "treatment", "condition", "cold"). Folded as text.ts folds.
 */

const english = `abortion, addiction, adhd, aids, alcoholism, alzheimer, alzheimers, alzheimer s, amputation, anemia, anaemia, aneurysm, angina, anorexia, antibiotic, antibiotics, antidepressant,
  antidepressants, anxiety disorder, appendicitis, arrhythmia, arthritis, asthma, asthmatic, atherosclerosis, atrial fibrillation, autism, autistic, biopsy, bipolar, bipolar disorder, blood glucose, blood pressure, blood test,
  breast cancer, bronchitis, bulimia, cancer, carcinoma, cardiac arrest, cataract, celiac disease, cerebral palsy, chemotherapy, chest pain, chlamydia, cholesterol, chronic kidney disease, chronic pain,
  cirrhosis, colitis, colonoscopy, colon cancer, concussion, congestive heart failure, copd, coronary artery disease, covid, crohn, crohn s, ct scan, cystic fibrosis, dementia, depression, depressive disorder, dermatitis, diabetes,
  diabetes mellitus, diabetic, diagnosed, diagnosed with, diagnosis, dialysis, down syndrome, dyspnea, eczema, emphysema, endometriosis, epilepsy, epileptic, fibromyalgia, gastritis, genetic test, glaucoma, gonorrhea, hba c, heart attack,
  heart disease, heart failure, hemodialysis, hemophilia, hepatitis, hepatitis b, hepatitis c, hernia, herpes, high blood pressure, hiv, hiv positive, hiv test, hodgkin, hypercholesterolemia, hyperlipidemia, hypertension, hypertensive, hyperthyroidism,
  hypothyroidism, hysterectomy, immunosuppressed, insulin, kidney disease, kidney failure, kidney stones, lab results, laboratory results, leukemia, leukaemia, liver disease, lung cancer, lupus, lymphoma, malaria, mammogram, mastectomy, medical
  history, medications, melanoma, meningitis, menopause, mental illness, metastasis, metastases, metastatic, metformin, methadone, migraine, miscarriage, mri scan, multiple sclerosis, myocardial infarction, neuropathy, obesity, opioid, opioid use disorder,
  osteoporosis, pancreatitis, parkinson, parkinson s, pathology report, pneumonia, pregnancy, pregnant, prescribed, prescription, prognosis, prostate cancer, psoriasis, psychosis, psychotherapy, ptsd, pulmonary embolism, radiotherapy,
  radiation therapy, rehab, relapse, renal failure, rheumatoid arthritis, schizophrenia, sclerosis, seizure, seizures, sepsis, sickle cell, sleep apnea, std test, stroke, suicidal, suicidal ideation, suicide attempt, surgery, symptoms, syphilis, test results,
  thrombosis, thyroid, transplant, tuberculosis, tumor, tumour, ulcer, ulcerative colitis, ultrasound, urinary tract infection, vaccination, vasectomy, viral load, x ray, atorvastatin, lisinopril, levothyroxine, amlodipine, omeprazole, warfarin, sertraline,
  fluoxetine, citalopram, lithium carbonate, oxycodone, hydrocodone, morphine, fentanyl, buprenorphine, amoxicillin, ibuprofen, prednisone, gabapentin, alprazolam, lorazepam, methotrexate, tamoxifen, ritalin, adderall, xanax, prozac, zoloft`;

const german = `abtreibung, allergie, anamnese, angststorung, angststoerung, arbeitsunfahigkeit, arbeitsunfaehigkeit, arthrose, arztbrief, asthma bronchiale, befund, befunde, blutbild, blutdruck, blutzucker, bluthochdruck, brustkrebs, chemotherapie, darmkrebs, demenz,
  depressionen, diabetiker, diabetikerin, diagnose, diagnosen, diagnostiziert, dialyse, entlassungsbrief, epilepsie, erkrankung, fehlgeburt, geschwulst, grippe, hepatitis, herzinfarkt, herzinsuffizienz, hirntumor, krampfanfall, krankschreibung, krebs,
  krebserkrankung, laborbefund, laborwerte, leberzirrhose, leukamie, leukaemie, lungenentzundung, lungenentzuendung, lungenkrebs, magersucht, medikament, medikamente, medikation, migrane, migraene, multiple sklerose, niereninsuffizienz, nierenversagen, operation am,
  psychose, psychotherapie, rezept fur, rezept fuer, rheuma, schizophrenie, schlaganfall, schwangerschaft, schwanger, strahlentherapie, sucht, suchterkrankung, suizid, suizidal, therapie, thrombose, tuberkulose, vorhofflimmern, zuckerkrankheit`;

const french = `accident vasculaire cerebral, anemie, arret maladie, asthme, avortement, cancer du sein, cancer du poumon, chimiotherapie, cholesterol, compte rendu operatoire, crise cardiaque, demence, depression, diabete, diabetique, diagnostic, diagnostique, diagnostiquee, epilepsie,
  fausse couche, grossesse, enceinte, hepatite, hypertension, hypertension arterielle, infarctus, insuffisance cardiaque, insuffisance renale, leucemie, maladie d alzheimer, maladie de parkinson, maladie chronique, ordonnance, pathologie, pneumonie, psychose, radiotherapie,
  resultats d analyse, resultats d analyses, schizophrenie, sclerose en plaques, seropositif, seropositive, traitement medical, tumeur, vih, bilan sanguin, antecedents medicaux`;

const spanish = `aborto, alergia, analitica, analisis de sangre, ansiedad, artritis, asma, cancer de mama, cancer de pulmon, cirrosis, cirugia, colesterol, depresion, demencia, diabetico, diabetica, diagnosticado, diagnosticada, diagnostico, embarazo, embarazada, enfermedad,
  enfermedad cronica, epilepsia, esclerosis multiple, esquizofrenia, fibrilacion auricular, hipertension, historial medico, ictus, infarto, informe medico, insuficiencia cardiaca, insuficiencia renal, leucemia, medicacion, medicamento, migrana, neumonia, psicosis, quimioterapia,
  radioterapia, receta medica, sida, sifilis, tuberculosis, tumor, vih, seropositivo`;

const italian = `aborto spontaneo, allergia, anamnesi, ansia, artrite, asma bronchiale, cancro, chemioterapia, cirrosi, colesterolo, depressione, demenza, diabete, diabetico, diabetica, diagnosi, diagnosticato, diagnosticata, epatite, esami del sangue, fibrillazione atriale, gravidanza,
  ictus, incinta, infarto, insufficienza cardiaca, insufficienza renale, ipertensione, leucemia, malattia, melanoma, polmonite, psicosi, radioterapia, referto, ricetta medica, schizofrenia, sclerosi multipla, sieropositivo, terapia, terapia farmacologica, tumore, tumore al seno`;

const others = `astma, beroerte, bloeddruk, borstkanker, depressie, diabetespatient, hartaanval, hartfalen, kanker, longkanker, longontsteking, miskraam, suikerziekte, zwanger, zwangerschap, bloeduitslag, behandeling, ziekte van crohn,
  cukrzyca, depresja, nadcisnienie, nowotwor, rak piersi, rak pluc, zawal, zawal serca, udar mozgu, padaczka, zapalenie pluc, ciaza, schizofrenia, recepta,
  blodtryck, brostcancer, cancerbehandling, diabetiker, graviditet, hjartinfarkt, hjartsvikt, lunginflammation, stroke, sjukskriven, cellgifter, syopa, verenpaine, diagnoosi, raskaus, masennus, sydaninfarkti`;

export const healthTerms: readonly string[] = [
  ...new Set(
    [english, german, french, spanish, italian, others]
      .join(',')
      .split(',')
      .map((term) => term.trim().split(/\s+/).join(' ')),
  ),
];
